// What a page does with `deepseek-v4-flash/reader`. Uses nothing itself that browsers of 2022 lack.
import { isChatError, readChat } from 'deepseek-v4-flash/reader';

async function listOf(items) {
  const list = [];
  for await (const item of items) list.push(item);
  return list;
}

async function failed(work) {
  try {
    return await work;
  } catch (error) {
    if (!isChatError(error)) return String(error);
    const content = error.partial && error.partial.choices[0].message.content;
    return { code: error.code, ...(content && { content }) };
  }
}

/** Goes on until the answer itself has begun. */
async function untilContent(events) {
  for (;;) {
    const { value, done } = await events.next();
    if (done || value.type === 'content.delta') return value;
  }
}

/** @param way how the server hands it on @param page a name, so that the server can tell the calls apart */
export async function readAll(way, page) {
  const open = (reply, as, init) => fetch(`/chat/${way}/${reply}?as=${page}-${way}-${as}`, init);
  const { choices, report } = await readChat(open('whole', 'final')).finalCompletion();
  return {
    events: await listOf(readChat(await open('whole', 'events')).events()),
    text: (await listOf(readChat(open('whole', 'text')).text())).join(''),
    choices,
    completion: report.completion,
    refused: await failed(readChat(open('refused', 'refused')).finalCompletion()),
    broken: await failed(readChat(open('broken', 'broken')).finalCompletion()),
    missing: await failed(readChat(open('missing', 'missing')).finalCompletion()),
    ...(await lose(open, `${page}-${way}-lost`)),
    ...(await stop(open)),
    ...(await leave(open)),
  };
}

/** The connection breaks in the middle of an answer; nobody is there from the start. */
async function lose(open, name) {
  const reader = readChat(await open('open', 'lost'));
  const events = reader.events();
  const { delta } = await untilContent(events);
  await fetch(`/lose?as=${name}`);
  const lost = await failed(listOf(events));
  return {
    lost,
    hasKept: lost.content === delta,
    lostAtEnd: (await failed(reader.finalCompletion())).code,
    unreachable: await failed(readChat(fetch('/gone')).finalCompletion()),
  };
}

/** The page's own AbortController. */
async function stop(open) {
  const during = new AbortController();
  const events = readChat(await open('open', 'stopped', { signal: during.signal })).events();
  await untilContent(events);
  during.abort();
  const stopped = await failed(listOf(events));

  const waiting = new AbortController();
  const silent = await open('silent', 'waiting', { signal: waiting.signal });
  const end = failed(readChat(silent).finalCompletion());
  waiting.abort();

  const unsent = new AbortController();
  const early = failed(
    readChat(open('silent', 'unsent', { signal: unsent.signal })).finalCompletion(),
  );
  unsent.abort();

  // What `AbortSignal.timeout()` does.
  const late = new AbortController();
  const slow = readChat(await open('open', 'late', { signal: late.signal }));
  const slowEvents = slow.events();
  await untilContent(slowEvents);
  late.abort(new DOMException('Too slow', 'TimeoutError'));
  return {
    stopped,
    waiting: await end,
    unsent: await early,
    late: await failed(listOf(slowEvents)),
  };
}

/** Loops that are left: in their middle, while they wait for more or for the response, before they begin. */
async function leave(open) {
  const events = readChat(await open('open', 'left-events'));
  for await (const { type } of events.events()) if (type === 'content.delta') break;

  const text = readChat(await open('open', 'left-text'));
  for await (const _ of text.text()) break;

  const silent = readChat(await open('silent', 'left-waiting'));
  const waiting = silent.events();
  const next = failed(waiting.next());
  // A round trip later it waits for bytes.
  await fetch('/lose?as=nobody');
  await waiting.return();

  const unanswered = readChat(open('silent', 'left-unanswered'));
  const early = unanswered.events();
  const first = failed(early.next());
  await early.return();

  const unread = readChat(open('silent', 'left-unread'));
  await unread.text().return();

  const all = [events, text, silent, unanswered, unread];
  const left = await Promise.all(all.map((reader) => failed(reader.finalCompletion())));
  return { left: left.map(({ code }) => code), next: await next, first: await first };
}

/** A page that is closed while it reads. */
export async function closeFrame(page) {
  const frame = document.createElement('iframe');
  frame.srcdoc = 'Hello';
  const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
  document.body.append(frame);
  await loaded;
  const url = `${location.origin}/chat/node/open?as=${page}-closed`;
  await untilContent(readChat(await frame.contentWindow.fetch(url)).events());
  frame.remove();
}
