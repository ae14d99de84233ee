import { faults } from 'deepseek-v4-flash/testing';
import { expect } from 'vitest';
import { expectAnswer, expectFailure, fine, row } from '../kit/matrix.ts';

const half = faults.text((text) => text.slice(0, text.length / 2));

export function bodyRows(): void {
  row('N1', 'blank lines before an answer keep it awake, as long as stall allows', async (kit) => {
    // Longer in all than the idle clock allows, and never as long between two of them, on a busy machine either.
    const timeout = { idle: 500 };
    kit.faulty(faults.blankLines({ count: 70, everyMs: 10 }), faults.blankLines());
    await expectAnswer(kit, kit.ask({ timeout }));
    const stalled = kit.ask({ timeout: { idle: 5_000, stall: 150 } });
    await expectFailure(kit, stalled, { code: 'timeout', phase: 'stall', requests: 2 });
    kit.faulty(faults.text((text) => '\n'.repeat(1_000_000) + text));
    await kit.ask({ timeout });
  });

  row(
    'N2',
    'JSON that is cut off, with a clean end, is stream_interrupted, and asked for again',
    async (kit) => {
      kit.faulty(half, half);
      const outcome = { code: 'stream_interrupted', retryable: true, requests: 2 } as const;
      await expectFailure(kit, kit.ask({ maxRetries: 1 }), outcome);
      kit.faulty(half, fine);
      expect((await kit.ask({ maxRetries: 1 })).report.attempts).toHaveLength(2);
    },
  );

  row('N2', 'FIN and RST in the middle of an answer are stream_interrupted', async (kit) => {
    kit.faulty(faults.cutBefore('middle', 'fin'), faults.cutBefore('middle', 'reset'));
    const outcome = { code: 'stream_interrupted', retryable: true, requests: 2 } as const;
    await expectFailure(kit, kit.ask({ maxRetries: 1 }), outcome);
  });

  row(
    'N3',
    'a body shorter than its length is stream_interrupted, and asked for again',
    async (kit) => {
      kit.faulty(faults.falseLength(10), faults.falseLength(10));
      const outcome = { code: 'stream_interrupted', retryable: true, requests: 2 } as const;
      await expectFailure(kit, kit.ask({ maxRetries: 1 }), outcome);
    },
  );

  row(
    'N4',
    'a body longer than its length is stream_interrupted, and asked for again',
    async (kit) => {
      kit.faulty(faults.falseLength(-10), faults.falseLength(-10));
      const outcome = { code: 'stream_interrupted', retryable: true, requests: 2 } as const;
      await expectFailure(kit, kit.ask({ maxRetries: 1 }), outcome);
    },
  );

  row('N5', 'a byte order mark before an answer is no part of it', async (kit) => {
    kit.faulty(faults.text((text) => `\uFEFF${text.trimStart()}`));
    await expectAnswer(kit, kit.ask());
  });

  row('N6', 'garbage after an answer makes it no answer', async (kit) => {
    for (const [index, garbage] of ['\0', 'alpha', '{}'].entries()) {
      kit.faulty(faults.text((text) => text + garbage));
      const failure = await expectFailure(kit, kit.ask(), {
        code: 'invalid_response',
        requests: index + 1,
      });
      expect(failure.retryable).toBe(false);
    }
  });

  row('N7', 'an answer over the limit is limit_exceeded, which names it', async (kit) => {
    kit.faulty({ content: 'a'.repeat(8_000_000) });
    const limits = { responseBytes: 65_536 };
    const outcome = { code: 'limit_exceeded', retryable: false } as const;
    const failure = await expectFailure(kit, kit.ask({ limits, maxRetries: 2 }), outcome);
    expect(failure.message).toContain('limits.responseBytes');
  });

  row('N8', 'deep and wide JSON crashes nothing', async (kit) => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const wide = JSON.stringify(
      Object.fromEntries(Array.from({ length: 200_000 }, (_, index) => [`k${index}`, index])),
    );
    for (const [index, extra] of [deep, wide].entries()) {
      kit.faulty(faults.text((text) => `{"extra":${extra},${text.trimStart().slice(1)}`));
      const settled = await kit.ask().then(
        ({ choices }) => choices[0].message.content,
        (error: { code: string }) => error.code,
      );
      expect(['alpha beta gamma delta', 'invalid_response', 'limit_exceeded']).toContain(settled);
      expect(kit.server.requests).toHaveLength(index + 1);
    }
  });

  row('N9', 'choices that are empty, missing or null are invalid_response', async (kit) => {
    for (const [index, choices] of [[], undefined, null].entries()) {
      kit.faulty(faults.edit((json) => ({ ...json, choices })));
      const outcome = { code: 'invalid_response', requests: index + 1 } as const;
      await expectFailure(kit, kit.ask({ maxRetries: 2 }), outcome);
    }
  });

  row(
    'N10',
    'doubled keys and numbers beyond all measure are no counts that are made up',
    async (kit) => {
      const counts =
        '{"prompt_tokens":1,"prompt_tokens":2,"completion_tokens":1e400,"total_tokens":9223372036854775808}';
      const placed = faults.text((text) => text.replace('"COUNTS"', counts));
      kit.faulty(faults.compose(faults.usage('COUNTS'), placed));
      const { usage, report } = await expectAnswer(kit, kit.ask());
      expect(usage?.prompt_tokens).toBe(2);
      for (const count of [usage?.completion_tokens, usage?.total_tokens]) {
        expect(count ?? 0).toBeLessThan(Infinity);
      }
      JSON.parse(JSON.stringify(report));
    },
  );

  row(
    'N11',
    'a stream in place of an answer is an answer or invalid_response, and never empty',
    async (kit) => {
      kit.faulty(faults.streamedAnyway());
      const settled = await kit.ask().then(
        ({ choices }) => choices[0].message.content,
        (error: { code: string }) => error.code,
      );
      expect(['alpha beta gamma delta', 'invalid_response']).toContain(settled);
    },
  );
}
