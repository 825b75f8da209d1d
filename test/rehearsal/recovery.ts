// The procedures of docs/runbook.md that bring a stage back: its tables restored, and a first deployment that failed cleaned up.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withFailingResource } from './assembly.js';
import { expect, expectSame } from './checks.js';
import { takeInventory } from './inventory.js';
import { record, transaction } from './rows.js';
import { commandsUnder, paste } from './runbook.js';
import { type Account, aws, deploy, deployAssembly, type Stage, synthesize } from './stage.js';

const TABLES = ['customers', 'transactions', 'links', 'statements'] as const;
const outputOf = (table: (typeof TABLES)[number]) => `${table[0]!.toUpperCase()}${table.slice(1)}Table`;

/** @returns the stage with the restored tables */
export async function restoreTables(account: Account, stage: Stage): Promise<Stage> {
  const before = await record(stage);
  const commands = commandsUnder('Restore the tables to a point in time')
    .replaceAll(/<(\w+)>/g, (_, name: string) => stage.outputs[name]!)
    .replace(/2026-\d\d-\d\dT[\d:]+Z/, new Date().toISOString());
  await paste(account, commands);
  useTables(account, stage);
  const restored = await deploy(account, stage.name, stage.secret);
  for (const table of TABLES)
    expectSame(restored.outputs[outputOf(table)], `${stage.outputs[outputOf(table)]}-restored`);
  const mapping = ['--uuid', restored.outputs.EventSourceId!, '--enabled'];
  await aws(account, 'lambda', 'update-event-source-mapping', ...mapping);
  expectSame(await transaction(restored, before), await transaction(stage, before));
  const after = await record(restored);
  expect((await transaction(stage, after)) === undefined, 'the worker still writes to the old tables');
  // Those of the stage were protected by its deployment, and stay so now that they are no longer part of it.
  await expectProtected(account, [...tablesOf(restored), ...tablesOf(stage)], 'after the restore');
  return restored;
}

/** Names the restored tables in `lib/stages.ts` of the copy, as the runbook says. */
function useTables({ project }: Account, { name, outputs }: Stage): void {
  const file = join(project, 'lib', 'stages.ts');
  const existing = Object.fromEntries(TABLES.map((table) => [table, `${outputs[outputOf(table)]}-restored`]));
  const source = readFileSync(file, 'utf8');
  const changed = source.replace(` ${name}: { `, ` ${name}: { existingTables: ${JSON.stringify(existing)}, `);
  expect(changed !== source, `lib/stages.ts has no stage ${name}`);
  writeFileSync(file, changed);
}

/** The last resource fails, so the tables have been protected by then. */
export async function creationFails(account: Account): Promise<void> {
  const before = await takeInventory(account);
  const failing = await synthesize(account, 'prod', withFailingResource);
  const { stackName } = failing;
  const failure = await deployAssembly(account, failing, '').then(
    () => 'none',
    (error: Error) => error.message,
  );
  expect(/ROLLBACK|failed/i.test(failure), `the deployment did not fail: ${failure}`);
  const events = ['--stack-name', stackName, '--query', 'StackEvents[].[ResourceType,ResourceStatus]'];
  const seen = (await aws(account, 'cloudformation', 'describe-stack-events', ...events)).map(String);
  for (const status of ['CREATE_COMPLETE', 'DELETE_COMPLETE'])
    expect(seen.includes(`Custom::DeletionProtection,${status}`), `the protection of the tables was not ${status}`);

  // AWS deletes the tables in the rollback. Here they are left, and can be deleted.
  const inventory = await takeInventory(account);
  const type = 'AWS::DynamoDB::Table';
  const tables = inventory[type]!.filter((name) => !before[type]!.includes(name));
  expectSame(tables.length, TABLES.length);
  await Promise.all(tables.map((table) => aws(account, 'dynamodb', 'delete-table', '--table-name', table)));
  expectSame(await takeInventory(account), before);
  await paste(account, commandsUnder('The first deployment failed'));
  const describe = aws(account, 'cloudformation', 'describe-stacks', '--stack-name', stackName);
  expect(/does not exist/.test(await describe.then(String, String)), `${stackName} still exists`);
}

export async function expectProtected(account: Account, tables: readonly string[], otherwise: string): Promise<void> {
  for (const name of tables) {
    const { Table } = await aws(account, 'dynamodb', 'describe-table', '--table-name', name);
    expect(Table.DeletionProtectionEnabled, `${otherwise}: ${name} is not protected against deletion`);
  }
}

export function tablesOf({ outputs }: Stage): string[] {
  return TABLES.map((table) => outputs[outputOf(table)]!);
}
