// Portkey 1.15.2 writes headers of its own into the answer that it hands on, whose headers cannot be changed ("TypeError:
// immutable"): without this, every stream is a 500. What cannot be written is left out, which costs less than a copy.
for (const name of ['append', 'set', 'delete']) {
  const own = Headers.prototype[name];
  Headers.prototype[name] = function (...given) {
    try {
      return own.apply(this, given);
    } catch (error) {
      if (error.message !== 'immutable') throw error;
      return undefined;
    }
  };
}
