import type { VendorDialect } from '../emulator/dialect.ts';

// Sources are those of `providers/deepinfra.ts`.

export const deepinfra: VendorDialect = {
  otherModels: [],
  // docs: its sample reads the counts of the event that has the finish_reason.
  usagePlace: 'on the finish chunk',
};
