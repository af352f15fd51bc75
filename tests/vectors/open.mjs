// node open.mjs vault.jwks FILE: every token of a file, opened without any package.
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { createDecipheriv } from "node:crypto";

const [keys, tokens] = process.argv.slice(2).map((path) => readFileSync(path, "utf8"));
for (const token of tokens.trim().split("\n")) {
  const [header, wrapped, iv, ciphertext, tag] = token.split(".").map((part) => Buffer.from(part, "base64url"));
  const { k } = JSON.parse(keys).keys.find((key) => key.kid === JSON.parse(header).kid);
  const unwrap = createDecipheriv("id-aes256-wrap", Buffer.from(k, "base64url"), Buffer.alloc(8, 0xa6));
  const open = createDecipheriv("aes-256-gcm", Buffer.concat([unwrap.update(wrapped), unwrap.final()]), iv);
  open.setAAD(Buffer.from(token.split(".")[0])).setAuthTag(tag);
  process.stdout.write(gunzipSync(Buffer.concat([open.update(ciphertext), open.final()])));
  process.stdout.write("\n");
}
