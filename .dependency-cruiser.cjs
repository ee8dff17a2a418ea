// Who may import whom; see the layout in README.md.
const FEATURES = '(campaigns|profiles|serving|tracking|delivery|reporting|access|console)';

module.exports = {
  forbidden: [
    {
      name: 'core-is-pure',
      comment: 'core imports core only; luxon is its one library (pure calendar arithmetic).',
      severity: 'error',
      from: { path: '^src/core', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: ['^src/core', 'node_modules/(@types/)?luxon'] },
    },
    {
      name: 'platform-knows-no-feature',
      severity: 'error',
      from: { path: '^src/platform' },
      to: { path: `^src/${FEATURES}` },
    },
    {
      name: 'features-meet-at-their-api',
      comment: 'Of another feature only <feature>.api.ts may be imported.',
      severity: 'error',
      from: { path: `^src/${FEATURES}/`, pathNot: '\\.module\\.ts$' },
      to: { path: `^src/${FEATURES}/`, pathNot: ['^src/$1/', `^src/${FEATURES}/[a-z-]+\\.api\\.ts$`] },
    },
    {
      name: 'modules-import-modules',
      comment: 'A module names the modules whose exports it uses.',
      severity: 'error',
      from: { path: `^src/${FEATURES}/.*\\.module\\.ts$` },
      to: { path: `^src/${FEATURES}/`, pathNot: ['^src/$1/', `^src/${FEATURES}/[a-z-]+\\.(api|module)\\.ts$`] },
    },
    {
      name: 'migrations-stand-alone',
      severity: 'error',
      from: { path: '^migrations' },
      to: { path: '^src' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      from: { orphan: true, path: '^src', pathNot: '\\.(d|spec)\\.ts$' },
      to: {},
    },
    {
      name: 'not-to-dev-dependencies',
      severity: 'error',
      from: { path: '^(src|migrations)', pathNot: '\\.spec\\.ts$' },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js'], conditionNames: ['import', 'require', 'node', 'types'] },
  },
};
