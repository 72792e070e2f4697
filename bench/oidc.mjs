// oidc-provider with one client, in memory: what many would put in our place in a Node shop. `node oidc.mjs`, from where
// oidc-provider is installed: listens on a free port of this machine and prints `ready http://…`.
import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const installed = path.resolve('node_modules/oidc-provider/lib/index.js');
const { default: Provider } = await import(pathToFileURL(installed).href);
const server = http.createServer();
server.listen(0, '127.0.0.1', () => {
    const url = `http://127.0.0.1:${server.address().port}`;
    const provider = new Provider(url, {
        clients: [{
            client_id: 'bench',
            client_secret: 'bench-secret',
            grant_types: ['client_credentials'],
            redirect_uris: [],
            response_types: [],
        }],
        features: { clientCredentials: { enabled: true }, introspection: { enabled: true } },
    });
    server.on('request', provider.callback());
    console.log(`ready ${url}`);
});
