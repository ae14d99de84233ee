import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunnableTool, StandardSchemaV1, ToolRun } from 'deepseek-v4-flash';
import { tool } from 'deepseek-v4-flash';
import type { EmulatorScript } from 'deepseek-v4-flash/testing';
import { describe, expect, test } from 'vitest';
import { connect, user } from '../kit/emulated.ts';
import { failureOf } from '../kit/failures.ts';
import { vendors } from '../kit/vendors.ts';

// Real answers with tool calls, many of them cut off, run by the tool loop. What is whole and what is half is read off the
// same bytes below, with nothing of the library. Recorded data lies beside the repository, on machines that have it.

const recordings = fileURLToPath(new URL('../../../shared/recordings', import.meta.url));

type Fields = Record<string, unknown>;

/** A call as it was recorded: all of its argument text, however little that is. */
interface RecordedCall {
  id: string | undefined;
  name: string;
  text: string;
}

interface Recording {
  name: string;
  bytes: Uint8Array;
  isStream: boolean;
  finishReason: string | undefined;
  content: string;
  /** Complete JSON, in an answer that came to its own end. */
  whole: RecordedCall[];
  /** Complete JSON, in an answer that was cut off: more may have been meant. */
  held: RecordedCall[];
  half: RecordedCall[];
}

const asList = (value: unknown): Fields[] => (Array.isArray(value) ? (value as Fields[]) : []);

const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

function isJSON(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Half a call: no complete JSON; or nothing at all, where the tokens ran out. No argument at all is a call otherwise. */
const isHalf = ({ text }: RecordedCall, finishReason: string | undefined): boolean =>
  text === '' ? finishReason === 'length' : !isJSON(text);

/** An answer that did not come to its own end. */
const isCut = (finishReason: string | undefined): boolean =>
  finishReason === undefined ||
  ['length', 'content_filter', 'insufficient_system_resource', 'aborted', 'error'].includes(
    finishReason,
  );

/** The objects of a body: one for each event, or the only one. */
const objectsIn = (text: string, isStream: boolean): Fields[] =>
  isStream
    ? text
        .split(/\r?\n/)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice(5).trim())
        .filter((data) => data !== '' && data !== '[DONE]')
        .map((data) => JSON.parse(data) as Fields)
    : [JSON.parse(text) as Fields];

function read(path: string): Recording {
  const bytes = readFileSync(path);
  const isStream = path.endsWith('.sse');
  const calls: RecordedCall[] = [];
  let finishReason: string | undefined;
  let content = '';
  for (const { choices } of objectsIn(bytes.toString('utf8'), isStream)) {
    for (const choice of asList(choices)) {
      finishReason = asText(choice.finish_reason) || finishReason;
      const said = (choice.delta ?? choice.message ?? {}) as Fields;
      content += asText(said.content);
      for (const [position, piece] of asList(said.tool_calls).entries()) {
        const at = typeof piece.index === 'number' ? piece.index : position;
        const { name, arguments: text } = (piece.function ?? {}) as Fields;
        const call = (calls[at] ??= { id: undefined, name: '', text: '' });
        call.id ??= asText(piece.id) || undefined;
        call.name ||= asText(name);
        call.text += asText(text);
      }
    }
  }
  const complete = calls.filter((call) => !isHalf(call, finishReason));
  return {
    name: basename(path),
    bytes,
    isStream,
    finishReason,
    content,
    whole: isCut(finishReason) ? [] : complete,
    held: isCut(finishReason) ? complete : [],
    half: calls.filter((call) => isHalf(call, finishReason)),
  };
}

const samples: Recording[] = !existsSync(recordings)
  ? []
  : readdirSync(recordings, { recursive: true, encoding: 'utf8' })
      .filter((path) => /truncation_matrix|tool_truncation|streaming_tools/.test(path))
      .filter((path) => /\.(sse|json)$/.test(path) && !path.endsWith('.meta.json'))
      .toSorted()
      .map((path) => read(join(recordings, path)));

/** A call that was executed. */
interface Execution {
  id: string;
  name: string;
  text: string;
  args: unknown;
}

const anything: StandardSchemaV1 = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
};

/** Tools of the recorded names, that take everything and write down what they are called with. */
function toolsOf({ whole, held, half }: Recording, executed: Execution[]): RunnableTool[] {
  const names = new Set([...whole, ...held, ...half].map(({ name }) => name));
  return [...names, 'never_called'].map((name) =>
    tool({
      name,
      parameters: { schema: anything, jsonSchema: { type: 'object' } },
      execute: (args, { call }) => {
        executed.push({ id: call.id, name, text: call.function.arguments, args });
        return 'Done.';
      },
    }),
  );
}

function scriptOf({ isStream }: Recording, writes: Uint8Array[]): EmulatorScript {
  const type = isStream ? 'text/event-stream' : 'application/json';
  return { writes, headers: { 'content-type': type } };
}

/** Plays bytes as the first answer of a run; the second one ends it. */
function play(
  sample: Recording,
  writes: Uint8Array[],
  provider = vendors[0],
): { run: ToolRun; executed: Execution[]; emulator: ReturnType<typeof connect>['emulator'] } {
  const executed: Execution[] = [];
  const { completions, emulator } = connect({ provider });
  emulator.reply(scriptOf(sample, writes), { content: 'The end.' });
  const tools = toolsOf(sample, executed);
  return { run: completions.runTools({ messages: [user('Go.')], tools }), executed, emulator };
}

const expectedOf = ({ whole }: Recording): Execution[] =>
  whole.map(({ id, name, text }) => ({
    id: id ?? (expect.any(String) as string),
    name,
    text: text || '{}',
    args: JSON.parse(text || '{}') as unknown,
  }));

describe.skipIf(!existsSync(recordings))('recorded tool calls', () => {
  test('are 36 answers, with 14 whole calls, one in a cut answer, and 20 half ones', () => {
    const count = (part: 'whole' | 'held' | 'half') =>
      samples.reduce((sum, sample) => sum + sample[part].length, 0);
    const counts = {
      answers: samples.length,
      whole: count('whole'),
      held: count('held'),
      half: count('half'),
    };
    expect(Object.values(counts).every((each) => each > 0)).toBe(true);
    expect(counts).toEqual({ answers: 36, whole: 14, held: 1, half: 20 });
    // Complete JSON beside half of it, several whole ones, and half ones that are called finished are among them.
    expect(samples.some(({ held, half }) => held.length > 0 && half.length > 0)).toBe(true);
    expect(samples.some(({ whole }) => whole.length > 1)).toBe(true);
    const finished = samples.filter(({ finishReason }) => finishReason === 'tool_calls');
    expect(finished.some(({ half }) => half.length > 0)).toBe(true);
  });

  test.each(samples)(
    '$name: runs what is whole, as it was written, and nothing else',
    async (sample) => {
      const { whole, held, half, finishReason, content } = sample;
      const { run, executed, emulator } = play(sample, [sample.bytes]);
      const { end, steps, messages, completion } = await run.final();
      expect(executed).toEqual(expectedOf(sample));
      const halfTexts = half.map(({ text }) => text);
      expect(executed.filter(({ text }) => halfTexts.includes(text))).toEqual([]);
      const report = steps[0]?.completion.report;
      const lost = report?.issues.filter(({ code }) => code === 'incomplete_tool_call') ?? [];
      expect(lost).toHaveLength(half.length);
      expect(steps[0]?.results.map(({ failure }) => failure)).toEqual([
        ...whole.map(() => undefined),
        ...held.map(() => 'not_run'),
      ]);
      // Every call that is in the conversation is answered there, and the vendor takes it.
      const called = messages.flatMap((each) =>
        each.role === 'assistant' ? (each.tool_calls ?? []).map(({ id }) => id) : [],
      );
      const answered = messages.flatMap((each) =>
        each.role === 'tool' ? [each.tool_call_id] : [],
      );
      expect(answered).toEqual(called);
      expect(answered).toHaveLength(whole.length + held.length);
      expect(emulator.requests.flatMap(({ undocumented }) => undocumented)).toEqual([]);
      const asksAgain = messages.slice(1).some(({ role }) => role === 'user');
      if (isCut(finishReason)) {
        expect(end).toBe('cut_off');
        expect(emulator.requests).toHaveLength(1);
        expect(asksAgain).toBe(false);
      } else if (whole.length + half.length > 0) {
        expect(end).toBe('answered');
        expect(completion.choices[0].message.content).toBe('The end.');
        expect(emulator.requests).toHaveLength(2);
        expect(asksAgain).toBe(half.length > 0);
      } else {
        expect(end).toBe(content.trim() === '' ? 'empty' : 'answered');
        expect(emulator.requests).toHaveLength(1);
      }
    },
  );

  test.each(vendors)('are run alike if %s sends them', async (vendor) => {
    for (const sample of samples) {
      const { run, executed } = play(sample, [sample.bytes], vendor);
      await run.final();
      expect({ name: sample.name, executed }).toEqual({
        name: sample.name,
        executed: expectedOf(sample),
      });
    }
  });

  test('are run alike byte by byte', async () => {
    for (const sample of samples.filter(({ bytes }) => bytes.length < 5000)) {
      const bytes = Array.from(sample.bytes, (byte) => Uint8Array.of(byte));
      const { run, executed } = play(sample, bytes);
      await run.final();
      expect(executed).toEqual(expectedOf(sample));
    }
  });

  test('are not run if the connection ends before the answer does, wherever that is', async () => {
    let cuts = 0;
    for (const sample of samples.filter(({ isStream }) => isStream)) {
      const text = Buffer.from(sample.bytes).toString('latin1');
      for (let at = text.indexOf('\n\n'); at !== -1; at = text.indexOf('\n\n', at + 2)) {
        const kept = text.slice(0, at + 2);
        if (/"finish_reason":\s*"/.test(kept)) break;
        cuts++;
        const { run, executed } = play(sample, [Buffer.from(kept, 'latin1')]);
        expect(await failureOf(run.final())).toMatchObject({ code: 'stream_interrupted' });
        expect(executed).toEqual([]);
      }
    }
    expect(cuts).toBeGreaterThan(0);
  });
});
