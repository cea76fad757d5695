// Stands for the AWS CLI: the calls of aws/import-key.sh, with a KMS that really unwraps what it is given, and of
// aws/trust-sha.sh.
const crypto = require('node:crypto');
const { existsSync, readFileSync, writeFileSync } = require('node:fs');

const { KMS_STATE, KMS_SWAPS_KEY, KMS_REFUSES_ALIAS } = process.env;
const [service, call, ...options] = process.argv.slice(2);
const state = existsSync(KMS_STATE) ? JSON.parse(readFileSync(KMS_STATE, 'utf8')) : { keys: {}, aliases: {} };
if (!['iam', 'kms'].includes(service)) refuse(`argument command: Invalid choice: ${service}`);

switch (call) {
  case 'list-roles':
    print(Object.keys(state.roles).join('\t'));
    break;
  case 'get-role':
    print(JSON.stringify(state.roles[value('--role-name')] ?? refuse('NoSuchEntity')));
    break;
  case 'update-assume-role-policy':
    state.roles[value('--role-name')] = JSON.parse(file('--policy-document').toString());
    break;
  case 'create-key': {
    const policy = JSON.parse(file('--policy').toString());
    const id = `key-${Object.keys(state.keys).length + 1}`;
    state.keys[id] = { spec: value('--key-spec'), usage: value('--key-usage'), origin: value('--origin'), policy };
    print(id);
    break;
  }
  case 'get-parameters-for-import': {
    const key = keyOf('--key-id');
    if (value('--wrapping-algorithm') !== 'RSA_AES_KEY_WRAP_SHA_256') refuse('an RSA key can only be wrapped by AES');
    const { publicKey, privateKey } = crypto.generateKeyPairSync('rsa', {
      modulusLength: Number(value('--wrapping-key-spec').replace('RSA_', '')),
    });
    key.wrapping = privateKey.export({ type: 'pkcs8', format: 'pem' });
    key.token = crypto.randomBytes(64).toString('base64');
    print([publicKey.export({ type: 'spki', format: 'der' }).toString('base64'), key.token].join('\t'));
    break;
  }
  case 'import-key-material': {
    const key = keyOf('--key-id');
    if (file('--import-token').toString('base64') !== key.token) refuse('InvalidImportTokenException');
    const material = unwrap(file('--encrypted-key-material'), key.wrapping);
    const imported = KMS_SWAPS_KEY
      ? crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
      : crypto.createPrivateKey({ key: material, type: 'pkcs8', format: 'der' });
    const bits = imported.asymmetricKeyDetails.modulusLength;
    if (key.spec !== `RSA_${bits}`) refuse('IncorrectKeyMaterialException');
    key.public = crypto.createPublicKey(imported).export({ type: 'spki', format: 'der' }).toString('base64');
    print('{}');
    break;
  }
  case 'get-public-key':
    print(keyOf('--key-id').public);
    break;
  case 'update-alias':
    if (KMS_REFUSES_ALIAS) refuse(KMS_REFUSES_ALIAS);
    if (!(value('--alias-name') in state.aliases)) refuse('NotFoundException');
    state.aliases[value('--alias-name')] = value('--target-key-id');
    break;
  case 'create-alias':
    if (KMS_REFUSES_ALIAS) refuse('AlreadyExistsException');
    state.aliases[value('--alias-name')] = value('--target-key-id');
    break;
  default:
    refuse(`argument operation: Invalid choice: ${call}`);
}
writeFileSync(KMS_STATE, JSON.stringify(state));

/** RSA-OAEP and then RFC 5649, as AWS describes RSA_AES_KEY_WRAP_SHA_256. */
function unwrap(material, pem) {
  const bytes = crypto.createPrivateKey(pem).asymmetricKeyDetails.modulusLength / 8;
  const padding = crypto.constants.RSA_PKCS1_OAEP_PADDING;
  const aes = crypto.privateDecrypt({ key: pem, padding, oaepHash: 'sha256' }, material.subarray(0, bytes));
  const decipher = crypto.createDecipheriv('id-aes256-wrap-pad', aes, Buffer.from('A65959A6', 'hex'));
  return Buffer.concat([decipher.update(material.subarray(bytes)), decipher.final()]);
}

function keyOf(option) {
  return state.keys[value(option)] ?? refuse('NotFoundException');
}

function file(option) {
  return readFileSync(value(option).replace(/^fileb?:\/\//, ''));
}

function value(option) {
  const index = options.indexOf(option);
  return index < 0 ? refuse(`the following arguments are required: ${option}`) : options[index + 1];
}

function print(text) {
  console.log(text);
}

function refuse(reason) {
  console.error(`aws: [ERROR]: ${reason}`);
  process.exit(254);
}
