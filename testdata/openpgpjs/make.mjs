import fs from 'fs';
import * as o5 from 'openpgp5'; import * as o6 from 'openpgp6';
const { privateKey, publicKey } = await o5.generateKey({ type:'ecc', curve:'p256', userIDs:[{name:'a'}], format:'armored', config:{aeadProtect:true, preferredAEADAlgorithm:o5.enums.aead.ocb}});
fs.writeFileSync('a5.key', privateKey, {mode:0o600}); fs.writeFileSync('a5.asc', publicKey);
const pk = await o5.readKey({armoredKey: publicKey});
for (const [n,a] of [['ocb',o5.enums.aead.ocb],['eax',o5.enums.aead.eax],['gcm',o5.enums.aead.experimentalGCM]]) {
  const m = await o5.encrypt({message: await o5.createMessage({text:'hello\n'}), encryptionKeys: pk, config:{aeadProtect:true, preferredAEADAlgorithm:a}, format:'binary'});
  fs.writeFileSync('m5-'+n+'.pgp', m);
}
const g6 = await o6.generateKey({ type:'curve25519', userIDs:[{name:'a'}], format:'object', config:{v6Keys:true, aeadProtect:true}});
fs.writeFileSync('a6.key', g6.privateKey.armor(), {mode:0o600}); fs.writeFileSync('a6.asc', g6.publicKey.armor());
for (const [n,s2k] of [['iter',o6.enums.s2k.iterated],['argon',o6.enums.s2k.argon2]]) {
 const l = await o6.encryptKey({privateKey: g6.privateKey, passphrase:'secret', config:{aeadProtect:true, s2kType:s2k}});
 fs.writeFileSync('a6-'+n+'.key', l.armor(), {mode:0o600});
 fs.writeFileSync('m6-pw-'+n+'.pgp', await o6.encrypt({message: await o6.createMessage({text:'hello\n'}), passwords:['secret'], format:'binary', config:{aeadProtect:true, s2kType:s2k}}));
}
for (const [n,a] of [['ocb',o6.enums.aead.ocb],['gcm',o6.enums.aead.gcm]]) fs.writeFileSync('m6-'+n+'.pgp', await o6.encrypt({message: await o6.createMessage({text:'hello\n'}), encryptionKeys: g6.publicKey, format:'binary', config:{aeadProtect:true, preferredAEADAlgorithm:a}}));
