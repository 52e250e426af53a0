// What an application does through node's `pg`.
//
//   node node_pg.js login JSON    prints the user that the server sees
//   node node_pg.js work JSON     goes through the driver's ways of speaking the protocol: `ok`
//
// JSON is the driver's configuration, where `ssl.ca`, `ssl.cert` and `ssl.key` are names of files.
// A server's error is printed as `SQLSTATE message`, another as its message; the exit code is 1.
'use strict';
const assert = require('assert');
const fs = require('fs');
const pg = require('pg');

function configuration(text) {
  const given = JSON.parse(text);
  for (const name of ['ca', 'cert', 'key']) {
    if (given.ssl && given.ssl[name]) given.ssl[name] = fs.readFileSync(given.ssl[name], 'utf8');
  }
  return given;
}

async function simpleAndPrepared(client) {
  const several = await client.query('select 1 as a; select 2 as a');
  assert.deepStrictEqual(several.map((result) => result.rows[0].a), [1, 2]);
  const unnamed = await client.query('select $1::int + 1 as n, $2::text as t, $3::bytea as b',
    [41, 'ä', Buffer.from([0, 255])]);
  assert.deepStrictEqual(unnamed.rows, [{ n: 42, t: 'ä', b: Buffer.from([0, 255]) }]);
  // All at once: the driver queues them, each a Parse, Bind, Describe, Execute, Sync.
  const many = await Promise.all(Array.from({ length: 100 },
    (_, i) => client.query('select $1::int as n', [i])));
  assert.deepStrictEqual(many.map((result) => result.rows[0].n), [...many.keys()]);
}

async function errorsAndTransactions(client) {
  await assert.rejects(client.query('select 1/$1::int', [0]), { code: '22012' });
  await client.query('begin');
  await client.query('create temp table t (a int primary key) on commit drop');
  await client.query('insert into t select generate_series(1, 1000)');
  await assert.rejects(client.query('insert into t values ($1)', [1]), { code: '23505' });
  await assert.rejects(client.query('select 1'), { code: '25P02' });
  await client.query('rollback');
  assert.strictEqual((await client.query('select 1 as a')).rows[0].a, 1);
}

async function named(client) {
  for (let i = 0; i < 5; i++) {
    const result = await client.query({ name: 'mine', text: 'select $1::text as t', values: [`${i}`] });
    assert.strictEqual(result.rows[0].t, `${i}`);
  }
}

async function pooled(given) {
  const pool = new pg.Pool({ ...given, max: 10 });
  const sums = await Promise.all(Array.from({ length: 50 },
    () => pool.query('select sum(i)::int as s from generate_series(1, 10000) i')));
  assert(sums.every((result) => result.rows[0].s === 50005000));
  await pool.end();
}

async function main([scenario, text]) {
  const given = configuration(text);
  const client = new pg.Client(given);
  await client.connect();
  if (scenario === 'login') {
    console.log((await client.query('select current_user as who')).rows[0].who);
  } else {
    await simpleAndPrepared(client);
    await errorsAndTransactions(client);
    if (scenario === 'work-with-names') await named(client);
    await pooled(given);
    console.log('ok');
  }
  await client.end();
}

main(process.argv.slice(2)).catch((error) => {
  console.log(error instanceof assert.AssertionError ? error.stack
    : [error.code, error.message].filter(Boolean).join(' '));
  process.exit(1);
});
