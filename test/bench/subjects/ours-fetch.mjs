import { fetchTransport } from '../../../dist/index.js';
import { connect as connectWith } from './ours.mjs';

export const connect = (baseURL) => connectWith(baseURL, { transport: fetchTransport() });
