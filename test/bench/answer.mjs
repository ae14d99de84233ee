// What every subject does with what it reads: joins it. The same code for all, so that only the reading differs.

/** One answer as it grows. */
export class Answer {
  text = '';
  reasoning = '';
  toolArguments = '';
  deltas = 0;
  finish = undefined;

  addText(piece) {
    if (!piece) return;
    this.deltas += 1;
    this.text += piece;
  }

  addReasoning(piece) {
    if (!piece) return;
    this.deltas += 1;
    this.reasoning += piece;
  }

  addToolArguments(piece) {
    if (!piece) return;
    this.deltas += 1;
    this.toolArguments += piece;
  }

  /** A chunk as the protocol has it: what the bare loop, our client and `openai` give. */
  addChunk(chunk) {
    const choice = chunk.choices[0];
    if (choice === undefined) return;
    const { delta } = choice;
    this.addReasoning(delta.reasoning_content);
    this.addText(delta.content);
    if (delta.tool_calls) this.addToolArguments(delta.tool_calls[0]?.function?.arguments);
    if (choice.finish_reason) this.finish = choice.finish_reason;
  }

  addMessage({ message, finish_reason: finish }) {
    this.addReasoning(message.reasoning_content);
    this.addText(message.content);
    this.finish = finish;
  }

  /** What the runner compares with what was sent. */
  async result() {
    // Loaded late: a cold start is not to pay for it.
    const { createHash } = await import('node:crypto');
    const hash = createHash('sha256').update(this.text).update(this.reasoning);
    return {
      deltas: this.deltas,
      textLength: this.text.length,
      reasoningLength: this.reasoning.length,
      toolArgumentsLength: this.toolArguments.length,
      finish: this.finish,
      hash: hash.update(this.toolArguments).digest('hex'),
    };
  }
}
