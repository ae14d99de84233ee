import type { ChatErrorCode } from 'deepseek-v4-flash';
import { faults } from 'deepseek-v4-flash/testing';
import { expect } from 'vitest';
import { expectAnswer, expectFailure, failureOf, fine, params, row } from '../kit/matrix.ts';

const json = { 'content-type': 'application/json' };
const errorBody = (message: string, code = 'some_code', type = 'some_error'): object => ({
  error: { message, type, param: null, code },
});

export function statusRows(): void {
  row(
    'S1',
    'a 400 of JSON under another content type is bad_request, in the vendor’s words',
    async (kit) => {
      const body = JSON.stringify(errorBody('Invalid max_tokens value', 'invalid_request_error'));
      kit.faulty(
        faults.status(400, { body, headers: { 'content-type': 'application/octet-stream' } }),
      );
      const outcome = { code: 'bad_request', status: 400, retryable: false } as const;
      const failure = await expectFailure(kit, kit.ask({ maxRetries: 2 }), outcome);
      expect(failure.message).toContain('Invalid max_tokens value');
      expect(failure.vendorCode).toBe('invalid_request_error');
    },
  );

  row('S2', 'a 400 of plain text is bad_request, in the vendor’s words', async (kit) => {
    const body = 'Failed to deserialize the JSON body into the target type';
    kit.faulty(faults.status(400, { body, headers: { 'content-type': 'text/plain' } }));
    const outcome = { code: 'bad_request', status: 400 } as const;
    expect((await expectFailure(kit, kit.ask({ maxRetries: 2 }), outcome)).message).toContain(body);
  });

  row('S3', 'a 401 of plain text without a content type is authentication', async (kit) => {
    kit.faulty(faults.status(401, { body: 'Authentication Fails (governor)' }));
    const outcome = { code: 'authentication', status: 401, retryable: false } as const;
    await expectFailure(kit, kit.stream({ maxRetries: 2 }).finalCompletion(), outcome);
  });

  row('S4', 'a 402 is insufficient_balance, and not asked again', async (kit) => {
    kit.faulty(faults.status(402, { body: errorBody('Insufficient Balance') }));
    const outcome = { code: 'insufficient_balance', status: 402, retryable: false } as const;
    await expectFailure(kit, kit.ask({ maxRetries: 2 }), outcome);
  });

  row('S5', 'a 403 that is a web page is permission_denied, by its title', async (kit) => {
    kit.faulty(faults.webPage('Just a moment...', 403));
    const outcome = { code: 'permission_denied', status: 403, retryable: false } as const;
    const failure = await expectFailure(kit, kit.ask({ maxRetries: 2 }), outcome);
    expect(failure.message).toContain('Just a moment');
    expect(failure.message).not.toContain('<');
  });

  row('S6', 'an empty 404 is not_found', async (kit) => {
    kit.faulty(faults.status(404));
    const outcome = { code: 'not_found', status: 404, retryable: false } as const;
    await expectFailure(kit, kit.ask({ maxRetries: 2 }), outcome);
  });

  for (const status of [413, 415, 422]) {
    row('S7', `a ${status} is bad_request, and not asked again`, async (kit) => {
      kit.faulty(faults.status(status, { body: errorBody('no') }));
      const outcome = { code: 'bad_request', status, retryable: false } as const;
      await expectFailure(kit, kit.ask({ maxRetries: 2 }), outcome);
    });
  }

  row('S8', 'a 429 is asked again after a wait of our own', async (kit) => {
    kit.faulty(faults.status(429, { body: errorBody('Too many requests') }), fine);
    const { report } = await expectAnswer(kit, kit.ask({ maxRetries: 2 }), { requests: 2 });
    expect(report.attempts[0]).toMatchObject({ error: 'rate_limit', status: 429 });
    expect(report.attempts[0]?.waitedMs).toBeLessThanOrEqual(500);
  });

  row('S9', 'a wait that the vendor asks for, in whatever form, is obeyed', async (kit) => {
    const soon = new Date(Date.now() + 1_500);
    kit.faulty(faults.retryAfter({ ms: 30 }), faults.retryAfter(0.05), fine);
    const { report } = await expectAnswer(kit, kit.ask({ maxRetries: 2 }), { requests: 3 });
    expect(report.attempts).toMatchObject([{ waitedMs: 30 }, { waitedMs: 50 }, {}]);
    kit.faulty(faults.retryAfter(soon, 503));
    const failure = await expectFailure(kit, kit.ask(), { code: 'overloaded', requests: 4 });
    expect(failure.retryAfterMs).toBeLessThanOrEqual(1_500);
  });

  row('S10', 'a wait that is too long fails at once, and says how long', async (kit) => {
    kit.faulty(faults.retryAfter(3_600));
    const outcome = { code: 'rate_limit', retryAfterMs: 3_600_000 } as const;
    await expectFailure(kit, kit.ask({ maxRetries: 2 }), outcome);
  });

  for (const nonsense of [
    'NaN',
    '-1',
    '1e12',
    '999999999999',
    'Fri, 31 Dec 9999 23:59:59 GMT',
    '',
  ]) {
    row('S11', `a wait of ${nonsense || 'nothing'} is no wait, and ours is taken`, async (kit) => {
      kit.faulty(faults.retryAfter(nonsense), faults.retryAfter({ ms: nonsense }), fine);
      const { report } = await expectAnswer(kit, kit.ask({ maxRetries: 2 }), { requests: 3 });
      // The jitter of these tests is two hundredths: of 500 ms, then of 1,000.
      expect(report.attempts).toMatchObject([{ waitedMs: 10 }, { waitedMs: 20 }, {}]);
    });
  }

  row('S12', 'a 429 of an empty account is insufficient_balance', async (kit) => {
    const body = errorBody('You exceeded your current quota.', 'insufficient_quota');
    kit.faulty(faults.status(429, { body }));
    const outcome = { code: 'insufficient_balance', status: 429, retryable: false } as const;
    await expectFailure(kit, kit.ask({ maxRetries: 2 }), outcome);
  });

  row(
    'S12',
    'a 429 of too many calls at the same time passes, whatever it says of the balance',
    async (kit) => {
      const words = 'exceeds your concurrency limit of 25 based on your remaining balance.';
      kit.faulty(faults.status(429, { body: errorBody(words, '') }), fine);
      await expectAnswer(kit, kit.ask({ maxRetries: 2 }), { requests: 2 });
      kit.faulty(faults.status(429, { body: errorBody(words, '') }));
      const error = await failureOf(kit.ask({ maxRetries: 0 }));
      expect(error).toMatchObject({ code: 'rate_limit', status: 429, retryable: true, limit: 25 });
    },
  );

  for (const status of [500, 502, 503, 504, 520, 521, 522, 523, 524, 529]) {
    row('S13', `a ${status} is asked again, whatever its body is`, async (kit) => {
      const huge = 'a'.repeat(10 * 1024 * 1024);
      kit.faulty(
        faults.status(status, { body: errorBody('no') }),
        faults.webPage('Bad gateway', status),
        faults.status(status),
        faults.status(status, { body: huge }),
      );
      const code: ChatErrorCode = [503, 529].includes(status) ? 'overloaded' : 'server_error';
      const outcome = { code, status, retryable: true, requests: 4 } as const;
      const failure = await expectFailure(kit, kit.ask({ maxRetries: 3 }), outcome);
      expect(failure.message.length).toBeLessThan(1_000);
    });
  }

  row(
    'S14',
    'an error body that never ends is given five seconds, and the status stands',
    async (kit) => {
      kit.faulty(faults.status(500, { body: '{"error":{"message":"In', end: 'hang' }));
      await expectFailure(kit, kit.ask(), { code: 'server_error', status: 500 });
    },
    // Reading it is ours over either transport, and five seconds are long.
    ['undici'],
  );

  row('S15', 'an error body that is cut leaves the status standing', async (kit) => {
    for (const [index, end] of (['end', 'fin', 'reset'] as const).entries()) {
      kit.faulty(faults.status(503, { body: '{"error":{"message":"In', headers: json, end }));
      const outcome = { code: 'overloaded', status: 503, requests: index + 1 } as const;
      await expectFailure(kit, kit.ask(), outcome);
    }
  });

  row('S16', 'x-should-retry can forbid another attempt, and cannot order one', async (kit) => {
    const no = { ...json, 'x-should-retry': 'false' };
    const yes = { ...json, 'x-should-retry': 'true' };
    kit.faulty(
      faults.status(503, { body: errorBody('no'), headers: no }),
      faults.status(400, { body: errorBody('no'), headers: yes }),
    );
    await expectFailure(kit, kit.ask({ maxRetries: 2 }), { code: 'overloaded' });
    await expectFailure(kit, kit.ask({ maxRetries: 2 }), {
      code: 'bad_request',
      requests: 2,
    });
  });

  row('S17', 'an error with status 200 is what its own words say', async (kit) => {
    const limited = { message: 'Rate limit reached', code: 429 };
    const refused = { message: 'Invalid request', code: 400 };
    kit.faulty(faults.status(200, { body: { error: limited } }), fine);
    await expectAnswer(kit, kit.ask({ maxRetries: 1 }), { requests: 2 });
    kit.faulty(faults.status(200, { body: { error: refused } }));
    const outcome = { code: 'bad_request', retryable: false, requests: 3 } as const;
    await expectFailure(kit, kit.ask({ maxRetries: 1 }), outcome);
    kit.faulty(faults.status(200, { body: { error: limited } }), fine);
    await kit.stream({ maxRetries: 1 }).finalCompletion();
    expect(kit.server.requests).toHaveLength(5);
  });

  row('S18', 'an outage that ends in time is not noticed', async (kit) => {
    const down = faults.status(503, { body: errorBody('down') });
    kit.faulty(down, down, fine);
    await expectAnswer(kit, kit.stream({ maxRetries: 2 }).finalCompletion(), { requests: 3 });
  });

  row(
    'S19',
    'an outage is told after 1 + maxRetries attempts, each of them listed',
    async (kit) => {
      const down = faults.status(503, { body: errorBody('down') });
      kit.faulty(down, down, down);
      const outcome = { code: 'overloaded', status: 503, requests: 3 } as const;
      const { report } = await expectFailure(kit, kit.ask({ maxRetries: 2 }), outcome);
      const failed = { error: 'overloaded', status: 503 };
      expect(report.attempts).toMatchObject([failed, failed, failed]);
    },
  );

  row('S20', 'with the retry budget spent, the first failure is told', async (kit) => {
    const down = faults.retryAfter({ ms: 0 }, 503);
    kit.faulty(...Array.from({ length: 102 }, () => down));
    const client = kit.client({ maxRetries: 1_000 });
    await failureOf(client.chat.completions.create(params));
    // 500 tokens, 5 a retry.
    expect(kit.server.requests).toHaveLength(101);
    const failure = await failureOf(client.chat.completions.create(params));
    expect(failure.report.attempts).toHaveLength(1);
    expect(kit.server.requests).toHaveLength(102);
  });
}
