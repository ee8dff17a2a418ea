/** A check's result, as the API answers it. */
export interface AuditLine {
  readonly name: string;
  readonly rule: string;
  readonly checked: number;
  readonly breaches: number;
  readonly examples: readonly string[];
  readonly figure: { readonly name: string; readonly value: number } | null;
}

/** One line a check; what is broken is followed by its examples, and the last line sums up. */
export function printAudit(lines: readonly AuditLine[]): string {
  const width = Math.max(...lines.map(({ name }) => name.length));
  const broken = lines.filter(({ breaches }) => breaches > 0);
  const printed = lines.flatMap(({ name, rule, examples, ...line }) => [
    `${line.breaches > 0 ? 'BROKEN' : 'ok    '}  ${name.padEnd(width)}  ${figuresOf(line)}  ${rule}`,
    ...examples.map((example) => `          e.g. ${example}`),
  ]);
  const end =
    broken.length === 0
      ? `All ${lines.length} checks hold.`
      : `${broken.length} of ${lines.length} checks are broken: ${broken.map(({ name }) => name).join(', ')}.`;
  return `${[...printed, end].join('\n')}\n`;
}

function figuresOf({ checked, breaches, figure }: Pick<AuditLine, 'checked' | 'breaches' | 'figure'>): string {
  const counts = `${checked} checked, ${breaches} breaches`;
  return figure === null ? counts : `${counts}, ${figure.name}: ${Number(figure.value.toFixed(4))}`;
}
