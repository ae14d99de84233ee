/**
 * Bytes as gzip, stored and not compressed (RFC 1952, RFC 1951 section 3.2.4): the testing entry is of use where Node's
 * zlib is not, and the web's compression is no plain function.
 */
export function gzipped(bytes: Uint8Array): Uint8Array {
  const head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
  const pieces: number[][] = [head];
  const size = 65_535;
  for (let at = 0; at === 0 || at < bytes.length; at += size) {
    const block = bytes.subarray(at, at + size);
    const isLast = at + size >= bytes.length;
    const { length } = block;
    const low = [length & 255, length >> 8];
    pieces.push([Number(isLast), ...low, ...low.map((byte) => 255 - byte), ...block]);
  }
  pieces.push(littleEndian(crc32(bytes)), littleEndian(bytes.length));
  return Uint8Array.from(pieces.flat());
}

function littleEndian(value: number): number[] {
  return [value, value >>> 8, value >>> 16, value >>> 24].map((byte) => byte & 255);
}

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc;
}
