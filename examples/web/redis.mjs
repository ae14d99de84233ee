// Answers that any process behind the same Redis can go on with: `resumable-stream` hands the rest of a running answer from
// the process that reads it to the one that is asked, and Redis keeps what has ended.
// npm install redis resumable-stream
import { createClient } from 'redis';
import { createResumableStreamContext } from 'resumable-stream';

const keepSeconds = 600;

/** @param {string} url of the Redis */
export async function createAnswers(url) {
  // Without a listener, an outage of Redis would end the process.
  const publisher = await createClient({ url }).on('error', console.error).connect();
  const subscriber = await publisher.duplicate().on('error', console.error).connect();
  // `waitUntil`: on a platform that stops a process behind its response, hand on the platform's.
  const running = createResumableStreamContext({ waitUntil: null, publisher, subscriber });
  const wholeOf = (id) => `answer:${id}`;
  const stopOf = (id) => `stop:${id}`;

  /** Keeps the whole answer before its end is told, so that it can always be had in one of the two ways. */
  const keep = (id) => {
    let whole = '';
    return new TransformStream({
      transform(text, controller) {
        whole += text;
        controller.enqueue(text);
      },
      async flush() {
        await publisher.set(wholeOf(id), whole, { EX: keepSeconds });
        await subscriber.unsubscribe(stopOf(id));
      },
    });
  };

  return {
    async start(id, ask) {
      const isNew = await publisher.set(`taken:${id}`, '1', { NX: true, EX: keepSeconds });
      if (isNew === null) return undefined;
      const chat = ask();
      await subscriber.subscribe(stopOf(id), () => chat.abort());
      const texts = chat.toSSEStream({ report: true }).pipeThrough(new TextDecoderStream());
      // It reads to the end by itself, also if every reader has left.
      const stream = await running.createNewResumableStream(id, () => texts.pipeThrough(keep(id)));
      return stream.pipeThrough(new TextEncoderStream());
    },
    async resume(id) {
      // Refused if the process that was reading the answer is gone.
      const stream = await running.resumeExistingStream(id).catch(() => undefined);
      if (stream) return stream.pipeThrough(new TextEncoderStream());
      const whole = await publisher.get(wholeOf(id));
      return whole === null ? undefined : new Response(whole).body;
    },
    async stop(id) {
      await publisher.publish(stopOf(id), '');
    },
  };
}
