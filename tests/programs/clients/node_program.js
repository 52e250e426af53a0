// node's pg: named statements, settings, transactions, LISTEN; all clients at once.
//   node node_program.js HOST PORT DATABASE CLIENTS
'use strict';
const pg = require('pg');

const [host, port, database, clients] = process.argv.slice(2);

async function statements(client, number, say) {
  const rows = [];
  for (let i = 0; i < 30; i++) {
    const result = await client.query({
      name: `add_${i % 4}`, text: `select $1::int + ${i % 4} as sum`, values: [number] });
    rows.push(result.rows[0].sum);
  }
  say(rows.join(' '));
  await client.query("set work_mem = '3MB'");
  try {
    await client.query({ name: 'divide', text: 'select 1 / $1::int as q', values: [0] });
  } catch (error) {
    say(`${error.code} ${error.message}`);
  }
  const again = await client.query({ name: 'divide', text: 'select 1 / $1::int as q', values: [1] });
  say(JSON.stringify(again.rows));
}

async function transactions(client, number, say) {
  await client.query('begin');
  await client.query({ name: 'note', text: 'insert into noted values ($1)', values: [number] });
  await client.query('savepoint s');
  await client.query('select nonsense').catch((error) => say(error.message));
  await client.query('rollback to s');
  await client.query('commit');
  const found = await client.query('select count(*)::int as n from noted where a = $1', [number]);
  say(JSON.stringify(found.rows));
  await client.query('create temp table basket (a int)');
  await client.query('insert into basket select generate_series(1, $1::int)', [number + 1]);
  say((await client.query('select count(*)::int as n from basket')).rows[0].n);
  await client.query('drop table basket');
  say((await client.query('show work_mem')).rows[0].work_mem);
}

async function notifications(client, number, say) {
  const heard = new Promise((resolve) => {
    const all = [];
    client.on('notification', (message) => {
      all.push(`${message.channel} ${message.payload}`);
      if (all.length === 2) resolve(all);
    });
  });
  await client.query(`listen room_${number}`);
  await client.query('select pg_notify($1, $2)', [`room_${number}`, 'one']);
  await client.query(`notify room_${number}, 'two'`);
  say(JSON.stringify(await heard));
}

async function work(number) {
  const lines = [];
  const say = (line) => lines.push(`client ${number}: ${line}`);
  const client = new pg.Client({ host, port: Number(port), database, user: 'app',
    application_name: `node ${number}`, options: '-c statement_timeout=50s' });
  try {
    await client.connect();
    for (const part of [statements, transactions, notifications]) await part(client, number, say);
    say(JSON.stringify((await client.query(
      "select current_setting('statement_timeout') as t, current_setting('application_name') as a"
    )).rows));
    await client.end();
  } catch (error) {
    say(error.stack);
  }
  return lines;
}

async function main() {
  const first = new pg.Client({ host, port: Number(port), database, user: 'app' });
  await first.connect();
  await first.query('create table noted (a int)');
  await first.end();
  const all = await Promise.all(Array.from({ length: Number(clients) }, (_, i) => work(i)));
  console.log(all.flat().join('\n'));
}

main();
