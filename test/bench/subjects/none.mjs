// No client and no server: what a process costs before it does anything.

export function connect() {
  return {
    async stream(answer) {
      answer.addText('nothing');
    },
  };
}
