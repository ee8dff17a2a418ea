import { mkdir, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { dirname } from 'node:path';

export type Row = Readonly<Record<string, string | number>>;

/** Prints rows as a table in Markdown, columns as wide as they need. */
export function printTable(title: string, rows: readonly Row[]): void {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cells = rows.map((row) => columns.map((column) => String(row[column] ?? '')));
  const widths = columns.map((column, i) => Math.max(column.length, ...cells.map((line) => line[i]?.length ?? 0)));
  const line = (texts: readonly string[]): string =>
    `| ${texts.map((text, i) => text.padEnd(widths[i] ?? 0)).join(' | ')} |\n`;
  process.stdout.write(`\n${title}\n\n${line(columns)}${line(widths.map((width) => '-'.repeat(width)))}`);
  for (const texts of cells) process.stdout.write(line(texts));
}

/** Writes the figures beside the command that gave them and the machine that they were taken on. */
export async function writeReport(path: string, figures: object): Promise<void> {
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
  const report = { at: new Date().toISOString(), command: process.argv.slice(1).join(' '), machine, ...figures };
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(`\nWritten to ${path}\n`);
}

/** Three significant digits. */
export function short(value: number): number {
  return Number(value.toPrecision(3));
}
