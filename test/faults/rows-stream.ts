import type { ChatCompletionChunk } from 'deepseek-v4-flash';
import { faults } from 'deepseek-v4-flash/testing';
import { expect } from 'vitest';
import type { Kit, Outcome } from '../kit/matrix.ts';
import { answer, expectAnswer, expectFailure, fine, row, words } from '../kit/matrix.ts';
import { pause } from '../kit/time.ts';

const whole = (kit: Kit, ...rest: Parameters<Kit['stream']>) =>
  kit.stream(...rest).finalCompletion();
const interrupted = { code: 'stream_interrupted' } as const;
/** Contents after the opening and each of the four tokens. */
const grown = ['', 'alpha', 'alpha beta', 'alpha beta gamma', words];

/** Plays each fault in turn, and expects the same of each. */
async function expectEach(
  kit: Kit,
  all: readonly Parameters<Kit['faulty']>[0][],
  outcome: Outcome,
): Promise<void> {
  for (const [index, fault] of all.entries()) {
    kit.faulty(fault);
    await expectFailure(kit, whole(kit, { maxRetries: 2 }), { ...outcome, requests: index + 1 });
  }
}

export function streamRows(): void {
  row('F2', 'comments for a while, and then an answer, are an answer', async (kit) => {
    // For longer than idle, which is long against the time that a busy machine may hold this process up.
    kit.faulty(faults.comments({ count: 80, everyMs: 10 }));
    await expectAnswer(kit, whole(kit, { timeout: { idle: 500 } }));
  });

  row('F3', 'comments for ever are timeout of phase stall', async (kit) => {
    const timeout = { idle: 5_000, stall: 150 };
    kit.faulty(faults.comments(), faults.comments({ at: 'middle' }));
    const outcome = { code: 'timeout', phase: 'stall' } as const;
    await expectFailure(kit, whole(kit, { timeout }), outcome);
    const later = { ...outcome, partial: 'alpha beta', requests: 2 };
    await expectFailure(kit, whole(kit, { timeout, maxRetries: 2 }), later);
  });

  row(
    'F4',
    'silence is timeout of phase idle, and an answer after the finish_reason',
    async (kit) => {
      const options = { timeout: { idle: 100 }, maxRetries: 0 };
      const outcome = { code: 'timeout', phase: 'idle' } as const;
      kit.faulty(faults.silence(), faults.cutAfterEvents(2, 'hang'));
      await expectFailure(kit, whole(kit, options), outcome);
      await expectFailure(kit, whole(kit, options), { ...outcome, partial: 'alpha', requests: 2 });
      kit.faulty(faults.cutBefore('after finish', 'hang'));
      const completion = await whole(kit, options);
      expect(completion.choices[0].message.content).toBe(words);
      expect(completion.usage?.prompt_tokens).toBeGreaterThan(0);
    },
  );

  for (const [id, how, framed] of [
    ['F5', 'an early zero chunk', fine],
    ['F6', 'the end of a body without a length', faults.closeDelimited()],
  ] as const) {
    row(id, `${how} after any event before the finish is stream_interrupted`, async (kit) => {
      for (const [index, partial] of grown.entries()) {
        kit.faulty(faults.compose(faults.cutAfterEvents(index + 1), framed));
        const outcome = { ...interrupted, partial, requests: index + 1 } as const;
        await expectFailure(kit, whole(kit, { maxRetries: 2 }), outcome);
      }
      kit.faulty(faults.compose(faults.cutAfterEvents(6), framed));
      expect((await whole(kit)).choices[0].message.content).toBe(words);
    });

    row(id, `${how} before the first event is asked for again`, async (kit) => {
      const cut = faults.compose(faults.cutAfterEvents(0), framed);
      kit.faulty(cut, fine);
      const completion = await whole(kit, { maxRetries: 1 });
      expect(completion.report.attempts).toHaveLength(2);
      kit.faulty(cut);
      await expectFailure(kit, whole(kit), { ...interrupted, requests: 3 });
    });
  }

  for (const end of ['fin', 'reset'] as const) {
    row(
      'F7',
      `${end} at any byte is stream_interrupted with a prefix, or an answer`,
      async (kit) => {
        for (let bytes = 30; bytes < 2_000; bytes += 97) {
          const before = kit.server.requests.length;
          kit.faulty(faults.cutAfterBytes(bytes, end));
          const outcome = await whole(kit).then(
            ({ choices }) => choices[0].message.content,
            (error: {
              code: string;
              partial?: { choices: { message: { content: string } }[] };
            }) => {
              expect(error.code).toBe('stream_interrupted');
              const content = error.partial?.choices[0]?.message.content ?? '';
              expect(grown).toContain(content);
              return undefined;
            },
          );
          if (outcome !== undefined) expect(outcome).toBe(words);
          expect(kit.server.requests).toHaveLength(before + 1);
        }
      },
    );
  }

  row('F8', '[DONE] without its blank line is the end', async (kit) => {
    kit.faulty(faults.doneAs('data: [DONE]'));
    await expectAnswer(kit, whole(kit));
  });

  row('F9', '[DONE] with blanks around it is the end', async (kit) => {
    kit.faulty(faults.doneAs('data:  [DONE] \n\n'));
    await expectAnswer(kit, whole(kit));
  });

  for (const text of ['[done]', '[DONE]x', '[DONE']) {
    row('F9', `${text} is no end, and no event either`, async (kit) => {
      const outcome = { code: 'invalid_response', partial: words } as const;
      await expectEach(kit, [faults.doneAs(`data: ${text}\n\n`)], outcome);
    });
  }

  row('F10', 'what follows [DONE] is of no interest', async (kit) => {
    kit.faulty(faults.insert('after done', 'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'));
    await expectAnswer(kit, whole(kit));
    kit.faulty(faults.insert('after done', 'data: {"error":{"message":"late"}}\n\n', 'reset'));
    expect((await whole(kit)).choices[0].message.content).toBe(words);
  });

  row('F11', 'an event of broken JSON is invalid_response with what had come', async (kit) => {
    const outcome = { code: 'invalid_response' } as const;
    await expectEach(kit, [faults.malformedEvent('first event')], outcome);
    const [middle, last] = [
      faults.malformedEvent('middle'),
      faults.malformedEvent('before finish'),
    ];
    kit.faulty(middle, last);
    await expectFailure(kit, whole(kit), { ...outcome, partial: 'alpha beta', requests: 2 });
    await expectFailure(kit, whole(kit), { ...outcome, partial: words, requests: 3 });
  });

  row('F12', 'a comment that a gateway wrapped up as data is none', async (kit) => {
    kit.faulty(faults.insert('middle', 'data: : OPENROUTER PROCESSING\n\n'));
    await expectAnswer(kit, whole(kit));
  });

  row('F13', 'pings are none of the answer', async (kit) => {
    kit.faulty(
      faults.compose(
        faults.insert('middle', 'event: ping\n\n'),
        faults.insert('first event', 'event: ping\ndata: {}\n\n'),
        faults.insert('before finish', 'event: ping\ndata: {"type": "ping"}\n\n'),
      ),
    );
    await expectAnswer(kit, whole(kit));
  });

  row('F14', 'event: error is thrown with what had come', async (kit) => {
    kit.faulty(faults.errorFrame({ named: true }));
    const outcome = { code: 'server_error', partial: 'alpha beta' } as const;
    const failure = await expectFailure(kit, whole(kit, { maxRetries: 2 }), outcome);
    expect(failure.message).toContain('The upstream model failed');
  });

  row('F15', 'an error after the finish_reason is thrown, and the usage is kept', async (kit) => {
    kit.faulty(faults.errorFrame({ at: 'after finish' }));
    const failure = await expectFailure(kit, whole(kit, { maxRetries: 2 }), {
      code: 'server_error',
      partial: words,
    });
    expect(failure.partial?.usage?.prompt_tokens).toBeGreaterThan(0);
  });

  for (const [status, code] of [
    [429, 'rate_limit'],
    [502, 'server_error'],
  ] as const) {
    row('F16', `an error of ${status} as the first event is asked for again`, async (kit) => {
      const error = { message: 'no', code: status };
      const frame = faults.errorFrame({ at: 'first event', error, last: true });
      kit.faulty(frame, fine);
      await expectAnswer(kit, whole(kit, { maxRetries: 1 }), { requests: 2 });
      kit.faulty(frame);
      await expectFailure(kit, whole(kit), { code, requests: 3 });
    });
  }

  row('F17', 'an event may be as large as the limit, and no larger', async (kit) => {
    const limits = { eventBytes: 262_144 };
    for (const bytes of [limits.eventBytes - 1, limits.eventBytes]) {
      kit.faulty(faults.hugeEvent(bytes));
      expect((await whole(kit, { limits })).choices[0].finish_reason).toBe('stop');
    }
    kit.faulty(faults.hugeEvent(limits.eventBytes + 1));
    const outcome = { code: 'limit_exceeded', partial: words, requests: 3 } as const;
    const failure = await expectFailure(kit, whole(kit, { limits, maxRetries: 2 }), outcome);
    expect(failure.message).toContain('limits.eventBytes');
  });

  row('F18', 'a line that never ends is limit_exceeded', async (kit) => {
    kit.faulty(faults.endlessLine());
    const limits = { eventBytes: 1_048_576 };
    await expectFailure(kit, whole(kit, { limits, maxRetries: 2 }), { code: 'limit_exceeded' });
  });

  row('F19', 'a million empty events and comments are no content', async (kit) => {
    kit.faulty(
      faults.insert('middle', ...Array.from({ length: 20 }, () => ':\n\ndata:\n\n'.repeat(25_000))),
    );
    await expectAnswer(kit, whole(kit));
  });

  row('F20', 'bytes that are no UTF-8 become U+FFFD', async (kit) => {
    kit.faulty(faults.badUtf8());
    await expectAnswer(kit, whole(kit), { content: `\uFFFD${words}` });
  });

  row('F21', 'one byte a packet is the same answer', async (kit) => {
    kit.faulty(faults.compose(fine, faults.oneByteWrites()));
    await expectAnswer(kit, whole(kit));
  });

  row('F22', 'five thousand events in one packet are still pulled one by one', async (kit) => {
    const content = Array.from({ length: 5_000 }, () => 'word').join(' ');
    kit.faulty({ ...faults.oneWrite(), answer: { ...answer, content } });
    const seen: ChatCompletionChunk[] = [];
    const stream = kit.stream();
    for await (const chunk of stream) {
      seen.push(chunk);
      if (seen.length === 10) break;
    }
    expect(stream.report.completion).toBe('interrupted');
    expect(seen).toHaveLength(10);
  });

  row('F23', 'a whole answer in place of a stream is one chunk', async (kit) => {
    kit.faulty(faults.notStreamed());
    const { report } = await expectAnswer(kit, whole(kit));
    expect(report.issues).toMatchObject([{ code: 'not_streamed' }]);
  });

  row('F24', 'a web page in the middle of a stream is no answer', async (kit) => {
    kit.faulty(
      faults.compose(
        faults.insert('middle', '<html><body><h1>502 Bad Gateway</h1></body></html>\n\n'),
        faults.cutAfterEvents(3),
      ),
      faults.compose(faults.cutAfterEvents(3), faults.insert('after done', '<html>502</html>\n')),
    );
    for (const requests of [1, 2]) {
      const failure = await expectFailure(kit, whole(kit), {
        ...interrupted,
        partial: 'alpha beta',
        requests,
      });
      expect(failure.message).not.toContain('502');
    }
  });
}

const tool = (finish_reason: string, text: string) => ({
  content: '',
  reasoning_content: '',
  finish_reason,
  tool_calls: [{ id: 'call_1', name: 'f', arguments: text }],
});

type Fields = Record<string, unknown>;
const withDelta = (change: (delta: Fields) => unknown) =>
  faults.edit((json) => {
    const [choice] = json.choices as (Fields & { delta: Fields })[];
    return { ...json, choices: [{ ...choice, delta: change(choice?.delta ?? {}) }] };
  });
const withPiece = (piece: object) => {
  const delta = { tool_calls: [piece] };
  const event = { choices: [{ index: 0, delta, finish_reason: null }] };
  return faults.insert('before finish', `data: ${JSON.stringify(event)}\n\n`);
};

export function contentRows(): void {
  row(
    'T1',
    'the finish twice, with the usage on the second, is one finish with usage',
    async (kit) => {
      kit.faulty(faults.finishTwice());
      const { usage, choices } = await expectAnswer(kit, whole(kit));
      expect(choices).toHaveLength(1);
      expect(usage?.prompt_tokens).toBeGreaterThan(0);
    },
  );

  row(
    'T2',
    'of two finishes that differ the last one counts, and the difference is noted',
    async (kit) => {
      kit.faulty(faults.finishTwice('length'));
      const { choices, report } = await expectAnswer(kit, whole(kit));
      expect(choices[0].finish_reason).toBe('length');
      expect(report.issues).toMatchObject([{ code: 'two_finish_reasons' }]);
    },
  );

  row('T3', '[DONE] without a finish_reason is stream_interrupted', async (kit) => {
    const outcome = { ...interrupted, partial: words };
    await expectEach(kit, [faults.noFinish(), faults.noEnd()], outcome);
    kit.faulty(faults.noDone());
    expect((await whole(kit)).choices[0].finish_reason).toBe('stop');
  });

  for (const reason of ['insufficient_system_resource', 'error', 'something_new']) {
    row(
      'T4',
      `the finish_reason ${reason} is handed on, and never called complete by mistake`,
      async (kit) => {
        kit.faulty(faults.finishReason(reason));
        const { choices, report } = await expectAnswer(kit, whole(kit));
        expect(choices[0].finish_reason).toBe(reason);
        expect(report.completion).toBe('interrupted');
      },
    );
  }

  row('T5', 'usage in whatever form is what can be read of it, and never made up', async (kit) => {
    const counts = { prompt_tokens: 7, completion_tokens: 4, total_tokens: 11 };
    const usages: [ReturnType<typeof faults.usage>, unknown][] = [
      [faults.usage(null), undefined],
      [faults.usage(undefined), undefined],
      [faults.usage(counts, 'an event of its own'), 7],
      [faults.usage(counts, 'every event'), 7],
      [faults.usage({ prompt_tokens: '7', completion_tokens: 4 }), undefined],
      [faults.usage('none'), undefined],
    ];
    for (const [fault, expected] of usages) {
      kit.faulty(fault);
      const completion = await whole(kit);
      expect(completion.choices[0].message.content).toBe(words);
      expect(completion.usage?.prompt_tokens).toBe(expected);
    }
  });

  row('T6', 'cut arguments are no call, whatever the finish_reason says', async (kit) => {
    for (const reason of ['length', 'tool_calls']) {
      kit.faulty(tool(reason, '{"path": "/tm'));
      const { choices, report } = await whole(kit);
      expect(choices[0].message.tool_calls).toBeUndefined();
      expect(report.issues).toMatchObject([{ code: 'incomplete_tool_call' }]);
    }
  });

  row('T7', 'empty arguments are a call unless the answer was cut', async (kit) => {
    kit.faulty(tool('tool_calls', ''), tool('length', ''));
    const calls = async () => (await whole(kit)).choices[0].message.tool_calls;
    expect(await calls()).toMatchObject([{ function: { name: 'f', arguments: '{}' } }]);
    expect(await calls()).toBeUndefined();
  });

  for (const index of [-1, 1.5, '0', 1e9, 1, undefined]) {
    row(
      'T8',
      `a tool call with the index ${String(index)} is a call or invalid_response`,
      async (kit) => {
        kit.faulty(
          withPiece({ index, id: 'a', type: 'function', function: { name: 'f', arguments: '{}' } }),
        );
        const settled = await whole(kit).then(
          ({ choices }) => choices[0].message.tool_calls?.length,
          (error: { code: string }) => error.code,
        );
        expect([1, 'invalid_response', 'limit_exceeded']).toContain(settled);
      },
    );
  }

  row('T9', 'name and id of a call may come late, and often', async (kit) => {
    const piece = (id: string | undefined, name: string | undefined, text: string) =>
      withPiece({ index: 0, id, function: { name, arguments: text } });
    kit.faulty(
      faults.compose(
        piece(undefined, undefined, '{"a"'),
        piece('call_1', 'f', ':1'),
        piece('call_1', 'f', '}'),
        faults.finishReason('tool_calls'),
      ),
    );
    const { choices } = await whole(kit);
    expect(choices[0].message.tool_calls).toEqual([
      { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":1}' } },
    ]);
  });

  row('T9', 'a call whose id changes on the way is none, and that is noted', async (kit) => {
    const piece = (id: string, text: string) =>
      withPiece({ index: 0, id, function: { name: 'f', arguments: text } });
    kit.faulty(
      faults.compose(piece('a', '{"a":'), piece('b', '1}'), faults.finishReason('tool_calls')),
    );
    const { choices, report } = await whole(kit);
    const [call] = choices[0].message.tool_calls ?? [];
    if (call === undefined) {
      expect(report.issues).toMatchObject([{ code: 'incomplete_tool_call' }]);
    } else {
      expect(call.id).toBe('a');
    }
  });

  row('T10', 'tool calls are as many as the limit, and no more', async (kit) => {
    const many = (count: number) => ({
      ...tool('tool_calls', '{}'),
      tool_calls: Array.from({ length: count }, (_, index) => ({
        name: `f${index}`,
        arguments: '{}',
      })),
    });
    kit.faulty(many(128), many(129));
    expect((await whole(kit)).choices[0].message.tool_calls).toHaveLength(128);
    const outcome = { code: 'limit_exceeded', partial: '', requests: 2 } as const;
    const failure = await expectFailure(kit, whole(kit, { maxRetries: 2 }), outcome);
    expect(failure.message).toContain('limits.toolCalls');
  });

  row('T11', 'arguments that are an object are its JSON', async (kit) => {
    const piece = { index: 0, id: 'a', function: { name: 'f', arguments: { a: 1 } } };
    kit.faulty(faults.compose(withPiece(piece), faults.finishReason('tool_calls')));
    const { choices } = await whole(kit);
    expect(choices[0].message.tool_calls?.[0]).toMatchObject({
      function: { arguments: '{"a":1}' },
    });
  });

  row('T12', 'keys of prototypes change nothing', async (kit) => {
    const poison = '"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}';
    kit.faulty(
      faults.compose(
        faults.insert(
          'middle',
          `data: {${poison},"choices":[{"index":0,${poison},"delta":{${poison},"content":""},"finish_reason":null}],"usage":{${poison}}}\n\n`,
        ),
        faults.insert(
          'before finish',
          `data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a",${poison},"function":{"name":"f",${poison},"arguments":"{}"}}]},"finish_reason":null}]}\n\n`,
        ),
        faults.insert('after finish', `data: {"error":{${poison},"message":"no"}}\n\n`),
      ),
    );
    await expectFailure(kit, whole(kit), { code: 'server_error', partial: words });
    expect(({} as Fields).polluted).toBeUndefined();
    expect(([] as unknown as Fields).polluted).toBeUndefined();
  });

  row('T13', 'reasoning that comes in two fields is told once', async (kit) => {
    const twice = withDelta((delta) => {
      const text = delta.reasoning_content;
      return typeof text === 'string' && text !== ''
        ? { ...delta, reasoning: text, reasoning_details: [{ type: 'reasoning.text', text }] }
        : delta;
    });
    kit.faulty({ ...twice, answer: { content: words, reasoning_content: 'one two three' } });
    const { choices } = await expectAnswer(kit, whole(kit));
    expect(choices[0].message.reasoning_content).toBe('one two three');
  });

  row('T14', 'reasoning after content is kept in its own order', async (kit) => {
    const late = {
      choices: [{ index: 0, delta: { reasoning_content: 'late' }, finish_reason: null }],
    };
    kit.faulty(faults.insert('before finish', `data: ${JSON.stringify(late)}\n\n`));
    const seen: string[] = [];
    for await (const event of kit.stream().events()) seen.push(event.type);
    expect(seen.filter((type) => type.endsWith('.delta'))).toEqual([
      ...Array.from({ length: 4 }, () => 'content.delta'),
      'reasoning.delta',
    ]);
  });

  row('T15', 'content in parts is their text', async (kit) => {
    kit.faulty(
      withDelta((delta) =>
        delta.content ? { ...delta, content: [{ type: 'text', text: delta.content }] } : delta,
      ),
    );
    await expectAnswer(kit, whole(kit));
  });

  row(
    'T16',
    'roles in every delta, null deltas and events without choices are no harm',
    async (kit) => {
      kit.faulty(
        faults.compose(
          withDelta((delta) => ({ ...delta, role: 'assistant' })),
          faults.insert(
            'middle',
            'data: {"choices":[]}\n\n',
            'data: {"choices":[{"index":0,"delta":null}]}\n\n',
          ),
        ),
      );
      await expectAnswer(kit, whole(kit));
    },
  );

  row('T17', 'two choices that are interleaved are two answers', async (kit) => {
    kit.faulty(
      faults.edit((json) => {
        const [choice] = json.choices as Fields[];
        return { ...json, choices: [choice, { ...choice, index: 1 }] };
      }),
    );
    const { choices } = await expectAnswer(kit, whole(kit));
    expect(choices.map(({ message }) => message.content)).toEqual([words, words]);
  });

  row('T18', 'an id that changes on the way is still one answer', async (kit) => {
    kit.faulty(faults.edit((json, index) => ({ ...json, id: `id-${index}` })));
    const { id } = await expectAnswer(kit, whole(kit));
    expect(id).toMatch(/^id-\d$/);
  });

  row('T19', 'refusals, logprobs and fields that nobody knows go through', async (kit) => {
    const logprobs = { content: [{ token: 'x', logprob: -1, bytes: null, top_logprobs: [] }] };
    const delta = { refusal: 'no', unknown_field: 1 };
    const extra = { choices: [{ index: 0, delta, logprobs, finish_reason: null }] };
    kit.faulty(faults.insert('middle', `data: ${JSON.stringify(extra)}\n\n`));
    const { choices } = await expectAnswer(kit, whole(kit));
    expect(choices[0]).toMatchObject({ message: { refusal: 'no', unknown_field: 1 }, logprobs });
  });

  row('T20', 'a character that is cut in two halves by its vendor is whole again', async (kit) => {
    const half = (escape: string): string =>
      `data: {"choices":[{"index":0,"delta":{"content":"${escape}"},"finish_reason":null}]}\n\n`;
    kit.faulty(faults.insert('before finish', half('\\ud83d'), half('\\ude00')));
    await expectAnswer(kit, whole(kit), { content: `${words}\u{1F600}` });
    await pause(0);
  });
}
