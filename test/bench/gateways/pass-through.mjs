// A proxy that looks at nothing: what any gateway in Node costs at least. `node pass-through.mjs <baseURL>`.
import { Agent, createServer, request } from 'node:http';

const { hostname, port, pathname } = new URL(process.argv[2]);
const agent = new Agent({ keepAlive: true });
const server = createServer((incoming, response) => {
  const path = `${pathname}/chat/completions`;
  const { host: _host, connection: _connection, ...headers } = incoming.headers;
  const outgoing = request({ agent, hostname, port, path, method: incoming.method, headers });
  outgoing.on('response', (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  incoming.pipe(outgoing);
});
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('disconnect', () => process.exit());
