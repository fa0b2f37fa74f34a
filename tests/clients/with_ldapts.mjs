// The Node package ldapts against a server; what is expected stands in the environment (see tests/clients.rs).

import assert from "node:assert";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";

const { Client, Attribute, Change, InvalidCredentialsError, InsufficientAccessError } = createRequire(
  path.join(process.env.NODE_HOME, "package.json"),
)("ldapts");
const e = process.env;

async function connect(dn, password, url = e.URL, tlsOptions = undefined) {
  const client = new Client({ url, tlsOptions, timeout: 20000, connectTimeout: 20000 });
  try {
    await client.bind(dn, password);
  } catch (error) {
    await client.unbind();
    throw error;
  }
  return client;
}

const bob = await connect(e.BOB, e.BOB_PASSWORD);
const { searchEntries } = await bob.search(e.SUFFIX, { scope: "sub", filter: "(&(objectClass=person)(cn=*ar*))", attributes: ["cn"] });
assert.deepEqual(searchEntries.map((entry) => entry.cn).sort(), ["Alice Archer", "Carol Carter"]);
const paged = await bob.search(e.SUFFIX, { scope: "sub", filter: "(objectClass=*)", paged: { pageSize: 2 } });
assert.equal(paged.searchEntries.length, 7);
await assert.rejects(bob.del(e.ALICE), InsufficientAccessError);
await assert.rejects(connect(e.BOB, "wrong"), InvalidCredentialsError);

await (await connect(e.ALICE, e.ALICE_PASSWORD + e.CODE)).unbind();
await assert.rejects(connect(e.ALICE, e.ALICE_PASSWORD + e.CODE), InvalidCredentialsError);

const root = await connect(e.ROOT, e.ROOT_PASSWORD, e.URL_TLS, { ca: [fs.readFileSync(e.CA)] });
const dan = `uid=dan,ou=people,${e.SUFFIX}`;
await root.add(dan, { objectClass: ["inetOrgPerson"], cn: "Dan", sn: "Dyer", userPassword: "first" });
await root.modify(dan, new Change({ operation: "replace", modification: new Attribute({ type: "sn", values: ["Dyers"] }) }));
assert.equal(await root.compare(dan, "sn", "dyers"), true);
await root.modifyDN(dan, `uid=daniel,ou=people,${e.SUFFIX}`);
await root.del(`uid=daniel,ou=people,${e.SUFFIX}`);
for (const client of [bob, root]) await client.unbind();
console.log("ldapts: fine");
