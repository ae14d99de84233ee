import { mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { programAt } from '../kit/parts.ts';
import { startWebExample } from '../kit/web-example.ts';
import { browsers } from './browser.ts';
import type { DrivenPage } from './devtools.ts';
import { drivePage } from './devtools.ts';

// examples/web in Chromium, as a visitor uses it. SCREENSHOTS=folder keeps pictures of what is seen.

const path = programAt(browsers.Chromium.program, browsers.Chromium.debian);
const shown = fileURLToPath(new URL('../../examples/web/screenshot.png', import.meta.url));

test('the picture for the README is a PNG of at most 150 kB', async () => {
  expect((await stat(shown)).size).toBeLessThanOrEqual(150_000);
});

/** What the page shows of its last answer. */
interface Shown {
  reasoning: string;
  isUnfolded: boolean;
  content: string;
  note: string;
  error: string;
  facts: string;
  isRunning: boolean;
  vendors: string[];
  said: string;
}

const look = `(() => {
  const text = (selector, root = document) => {
    const found = [...root.querySelectorAll(selector)].at(-1);
    return !found || found.hidden ? '' : found.textContent;
  };
  const article = [...document.querySelectorAll('article')].at(-1) ?? document;
  return {
    reasoning: text('details p', article),
    isUnfolded: article.querySelector('details')?.open ?? false,
    content: text('.content', article),
    note: text('.note', article),
    error: text('.error', article),
    facts: text('.facts', article),
    isRunning: document.querySelector('#ask').hidden,
    vendors: [...document.querySelectorAll('#vendors li small')].map((each) => each.textContent),
    said: text('#said'),
  };
})()`;

const whole = /^Sunlight holds all colours\. .* orange and red\.$/s;

describe.skipIf(path === undefined)('the page of examples/web', () => {
  let server: Awaited<ReturnType<typeof startWebExample>>;
  let page: DrivenPage;
  beforeAll(async () => {
    server = await startWebExample({ DELAY_MS: '25' });
    page = await drivePage(path ?? '', `${server.url}/`);
    await seen(({ vendors }) => vendors.length === 2);
  });
  afterAll(async () => {
    await page?.close();
    await server?.stop();
  });

  const see = async (): Promise<Shown> => (await page.evaluate(look)) as Shown;
  /** Waits until the page shows what is meant. */
  const seen = (isMeant: (shown: Shown) => boolean): Promise<Shown> =>
    vi.waitFor(
      async () => {
        const now = await see();
        if (!isMeant(now)) throw new Error(JSON.stringify(now));
        return now;
      },
      { timeout: 30_000, interval: 20 },
    );
  const click = (selector: string) =>
    page.evaluate(`document.querySelector('${selector}').click()`);
  const reload = async (): Promise<void> => {
    await page.evaluate('globalThis.isOld = true');
    await page.send('Page.reload');
    await vi.waitFor(async () => {
      expect(await page.evaluate('globalThis.isOld')).toBeUndefined();
      expect((await see()).vendors).toHaveLength(2);
    }, 10_000);
  };
  const ask = () =>
    page.evaluate(`(() => {
      const form = document.querySelector('form');
      form.question.value = 'Why is the sky blue?';
      form.requestSubmit();
    })()`);
  const picture = async (name: string): Promise<void> => {
    const folder = process.env.SCREENSHOTS;
    if (folder === undefined) return;
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${name}.png`), await page.screenshot());
  };

  beforeEach(async () => {
    await page.evaluate('sessionStorage.clear()');
    await reload();
    const media = [{ name: 'prefers-color-scheme', value: 'light' }];
    await page.send('Emulation.setEmulatedMedia', { features: media });
    const size = { width: 860, height: 760, deviceScaleFactor: 1, mobile: false };
    await page.send('Emulation.setDeviceMetricsOverride', size);
  });
  afterEach(async () => {
    await fetch(`${server.url}/vendors/deepseek`, { method: 'PUT' });
  });

  test('shows the reasoning folded away, and tokens and cost while they come', async () => {
    await ask();
    const first = await seen(({ content, facts }) => content.length > 40 && facts !== '');
    expect(first).toMatchObject({ isRunning: true, isUnfolded: false, error: '', note: '' });
    expect(first.reasoning).toMatch(/^The user asks .* without formulas\.$/);
    expect(first.facts).toMatch(/^deepseek · ≈ \d+ tokens · ≈ \$0\.0000\d\d$/);
    await seen(({ vendors }) => vendors.join() === 'is answering,is up');
    await picture('running');
    const tokensOf = ({ facts }: Shown): number => Number(/≈ (\d+) tokens/.exec(facts)?.[1]);
    await seen((later) => tokensOf(later) > tokensOf(first));

    const end = await seen(({ isRunning }) => !isRunning);
    expect(end.content).toMatch(whole);
    expect(end.facts).toMatch(/^deepseek · \d+ \+ \d{3} tokens · \$0\.000\d{3} · \d+\.\d s$/);
    expect(end.said).toBe('The answer is complete.');
    await picture('complete');
  });

  test('stops an answer, and keeps what has come of it', async () => {
    await ask();
    await seen(({ content }) => content.length > 40);
    await click('#stop');
    const end = await seen(({ isRunning }) => !isRunning);
    expect(end.error).toBe('Stopped.');
    expect(end.facts).toMatch(/^deepseek · tokens unknown · cost unknown · \d+\.\d s$/);
    expect(end.content).toMatch(/^Sunlight holds/);
    expect(end.content).not.toMatch(whole);
    // The call has ended at the vendor as well.
    await seen(({ vendors }) => vendors.join() === 'is up,is up');
    await picture('stopped');
  });

  test('shows how a vendor is killed while it answers, and the whole answer of the other one', async () => {
    await ask();
    await seen(({ content }) => content.length > 150);
    await click('#vendors button');
    const begun = await seen(({ note }) => note !== '');
    expect(begun.note).toMatch(/^✂ The vendor broke off after \d{3} characters\./);
    expect(begun.said).toBe(begun.note);
    const again = await seen(
      ({ content, vendors }) => content.length > 100 && vendors[0] === 'killed',
    );
    expect(again.isRunning).toBe(true);
    await seen(({ vendors }) => vendors.join() === 'killed,is answering');
    await picture('failover');
    const size = { width: 860, height: 660, deviceScaleFactor: 1.5, mobile: false };
    await page.send('Emulation.setDeviceMetricsOverride', size);
    await seen(({ content }) => content.length > 380);
    await picture('screenshot');
    await page.send('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: 'dark' }],
    });
    await picture('failover-dark');

    const end = await seen(({ isRunning }) => !isRunning);
    expect(end.content).toMatch(whole);
    expect(end.note).toBe(begun.note);
    expect(end.facts).toMatch(/^shortapi · .* and 1 broken attempt · /);
    await page.send('Emulation.setDeviceMetricsOverride', {
      width: 390,
      height: 800,
      deviceScaleFactor: 1,
      mobile: true,
    });
    await picture('narrow-dark');

    // The next question does without it, and with it again when it is back.
    await click('#vendors button');
    await seen(({ vendors }) => vendors[0] === 'is up');
  });

  test('goes on with a running answer after a reload, and shows a whole one after another', async () => {
    await ask();
    const before = await seen(({ content }) => content.length > 60);
    await reload();
    const after = await seen(({ content }) => content.length > before.content.length);
    expect(after.content.startsWith(before.content)).toBe(true);
    expect(after.isRunning).toBe(true);
    const end = await seen(({ isRunning }) => !isRunning);
    expect(end.content).toMatch(whole);
    expect(end).toMatchObject({ error: '', note: '' });

    await reload();
    expect({ ...(await see()), vendors: [] }).toEqual({ ...end, vendors: [], said: '' });
    await ask();
    await seen(({ content }) => content.length > 20);
    await seen(({ isRunning }) => !isRunning);
    expect(await page.evaluate("document.querySelectorAll('article').length")).toBe(2);
  });

  test('has a name for everything that can be used, and never a wider page than its window', async () => {
    const named = async (): Promise<(string | undefined)[]> => {
      const { nodes } = (await page.send('Accessibility.getFullAXTree')) as {
        nodes: { role?: { value: string }; name?: { value: string } }[];
      };
      return nodes
        .filter(({ role }) => ['button', 'textbox', 'list'].includes(role?.value ?? ''))
        .map(({ name }) => name?.value);
    };
    // It is made a moment after the page.
    await expect
      .poll(async () => (await named()).toSorted())
      .toEqual(['Ask', 'Kill deepseek', 'Kill shortapi', 'Vendors', 'Your question']);
    await page.send('Emulation.setDeviceMetricsOverride', {
      width: 320,
      height: 600,
      deviceScaleFactor: 1,
      mobile: true,
    });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
  });
});
