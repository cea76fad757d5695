/** Makes a private certificate authority for tests, with the `openssl` command. */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TlsIdentity } from './listener.ts';

export interface CertificateRequest {
  /** Host names, for instance `localhost`, or another host's for a certificate that does not fit. */
  readonly hosts?: readonly string[];
  readonly ips?: readonly string[];
  /** Valid for one day of the year 2020 only. */
  readonly expired?: boolean;
  /** With an RSA key of 1024 bits, which OpenSSL refuses. */
  readonly weak?: boolean;
}

export interface CertificateAuthority {
  /** In PEM. A client must trust it. */
  readonly cert: string;
  /** The same as a file, for NODE_EXTRA_CA_CERTS. */
  readonly certFile: string;
  issue(request: CertificateRequest): Promise<TlsIdentity>;
}

const run = promisify(execFile);

/** Elliptic, because openssl makes such a key at once. */
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const WEAK_KEY = ['-newkey', 'rsa:1024', '-nodes'];

/** @param folder a temporary folder that exists. Two authorities need two folders. */
export async function makeAuthority(folder: string): Promise<CertificateAuthority> {
  const files = { cert: join(folder, 'ca.pem'), key: join(folder, 'ca.key'), config: join(folder, 'ca.cnf') };
  await mkdir(join(folder, 'issued'), { recursive: true });
  await writeFile(join(folder, 'index.txt'), '');
  await writeFile(files.config, config(folder, files));
  const extensions = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  const root = ['-x509', '-days', '2', '-subj', '/CN=Simulator test CA', ...extensions];
  await openssl('req', '-config', files.config, ...root, ...NEW_KEY, '-keyout', files.key, '-out', files.cert);
  const cert = await readFile(files.cert, 'utf8');
  let issued = 0;
  // openssl ca keeps a database in files, which two runs at once would spoil.
  let last: Promise<unknown> = Promise.resolve();
  return {
    cert,
    certFile: files.cert,
    issue: (request) => {
      issued += 1;
      const name = join(folder, `server-${issued}`);
      const result = last.then(() => issue(request, files.config, name));
      last = result.catch(() => undefined);
      return result;
    },
  };
}

async function issue(request: CertificateRequest, configFile: string, name: string): Promise<TlsIdentity> {
  const names = [...(request.hosts ?? []).map((host) => `DNS:${host}`), ...(request.ips ?? []).map((ip) => `IP:${ip}`)];
  const [key, signing, cert] = [`${name}.key`, `${name}.csr`, `${name}.pem`];
  const newKey = request.weak ? WEAK_KEY : NEW_KEY;
  const subject = ['-subj', '/CN=simulator', '-addext', `subjectAltName=${names.join(',')}`];
  await openssl('req', '-config', configFile, '-new', ...subject, ...newKey, '-keyout', key, '-out', signing);
  const dates = request.expired ? ['-startdate', '20200101000000Z', '-enddate', '20200102000000Z'] : ['-days', '1'];
  await openssl('ca', '-batch', '-notext', '-config', configFile, ...dates, '-in', signing, '-out', cert);
  const identity = { key: await readFile(key, 'utf8'), cert: await readFile(cert, 'utf8') };
  // A server refuses its own weak key, too, unless it is told to take any.
  return request.weak ? { ...identity, ciphers: 'DEFAULT@SECLEVEL=0' } : identity;
}

/** For `openssl ca`: older versions of `openssl x509` take no date in the past. */
function config(folder: string, files: { cert: string; key: string }): string {
  // A backslash escapes the next character, also in a Windows path.
  const path = (name: string) => name.replaceAll('\\', '/');
  return `
[ req ]
distinguished_name = name
prompt = no
[ name ]
CN = simulator
[ ca ]
default_ca = simulator
[ simulator ]
database = ${path(join(folder, 'index.txt'))}
new_certs_dir = ${path(join(folder, 'issued'))}
certificate = ${path(files.cert)}
private_key = ${path(files.key)}
default_md = sha256
rand_serial = yes
unique_subject = no
copy_extensions = copy
policy = any
[ any ]
commonName = supplied
`;
}

async function openssl(...args: string[]): Promise<void> {
  await run('openssl', args);
}
