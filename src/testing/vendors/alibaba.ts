import type { VendorDialect } from '../emulator/dialect.ts';

// Nothing is known of its answers beyond what its profile says: they are as OpenAI's.

export const alibaba: VendorDialect = { otherModels: [] };
