// The blocks of a streamed answer: each one is ended, and only one is open at a time. Both the specification and the
// streams for pages are made of these.

/** A part of a block. */
export type BlockPart =
  | { type: 'text-start' | 'text-end' | 'reasoning-start' | 'reasoning-end'; id: string }
  | { type: 'text-delta' | 'reasoning-delta'; id: string; delta: string }
  | { type: 'tool-input-start'; id: string; toolName: string }
  | { type: 'tool-input-delta'; id: string; delta: string }
  | { type: 'tool-input-end'; id: string };

/** A piece of a call, as chunks and events have it. */
export interface CallPiece {
  index: number;
  id?: string | undefined;
  name?: string | undefined;
  delta: string;
}

export function createBlocks() {
  let open: { type: 'text' | 'reasoning'; id: string } | undefined;
  let count = 0;
  const inputs = createInputs();

  const closeText = (): BlockPart[] => {
    if (open === undefined) return [];
    const { type, id } = open;
    open = undefined;
    return [{ type: `${type}-end`, id }];
  };
  return {
    text(type: 'text' | 'reasoning', delta: string): BlockPart[] {
      if (open?.type === type) return [{ type: `${type}-delta`, id: open.id, delta }];
      const before = closeText();
      open = { type, id: `${type}-${++count}` };
      const { id } = open;
      return [...before, { type: `${type}-start`, id }, { type: `${type}-delta`, id, delta }];
    },
    call: (piece: CallPiece): BlockPart[] => [...closeText(), ...inputs.add(piece)],
    /** A call is whole: its input is ended, and was begun if it was not. */
    endCall: (id: string, toolName: string, whole: string): BlockPart[] => [
      ...closeText(),
      ...inputs.end(id, toolName, whole),
    ],
    /** Ends whatever is open. */
    close: (): BlockPart[] => [...closeText(), ...inputs.close()],
    /** What was given is void: nothing of it is to be ended. */
    reset(): void {
      open = undefined;
      inputs.close();
    },
  };
}

interface Input {
  id: string | undefined;
  name: string | undefined;
  /** Not given on yet, since the id or the name is not known. */
  held: string;
  isOpen: boolean;
}

function createInputs() {
  const inputs = new Map<number, Input>();
  return {
    add({ index, id, name, delta }: CallPiece): BlockPart[] {
      const input = inputs.get(index) ?? { id, name, held: '', isOpen: false };
      inputs.set(index, input);
      input.id ??= id;
      input.name ??= name;
      const piece = input.held + delta;
      input.held = input.id === undefined || input.name === undefined ? piece : '';
      if (input.id === undefined || input.name === undefined) return [];
      const parts: BlockPart[] = [];
      if (!input.isOpen)
        parts.push({ type: 'tool-input-start', id: input.id, toolName: input.name });
      input.isOpen = true;
      if (piece !== '') parts.push({ type: 'tool-input-delta', id: input.id, delta: piece });
      return parts;
    },
    end(id: string, toolName: string, whole: string): BlockPart[] {
      const open = [...inputs.values()].find((input) => input.id === id && input.isOpen);
      if (open !== undefined) open.isOpen = false;
      const end: BlockPart = { type: 'tool-input-end', id };
      if (open !== undefined) return [end];
      const start: BlockPart = { type: 'tool-input-start', id, toolName };
      return [start, { type: 'tool-input-delta', id, delta: whole }, end];
    },
    close(): BlockPart[] {
      const open = [...inputs.values()].filter(({ isOpen }) => isOpen);
      inputs.clear();
      return open.map(({ id = '' }) => ({ type: 'tool-input-end', id }));
    },
  };
}
