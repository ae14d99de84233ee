// Our gateway before the server of the benchmark: `node ours.mjs <baseURL>`.
import { createServer } from 'node:http';
import { createClient } from '../../../dist/index.js';
import { createHandler, nodeHandler } from '../../../dist/gateway.js';

const client = createClient({ baseURL: process.argv[2], apiKey: 'bench', onUnsupported: 'adjust' });
const authorize = ({ headers }) => headers.get('authorization') === 'Bearer bench';
const server = createServer(nodeHandler(createHandler(client, { authorize })));
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
