/** Names by which the global set-up tells the tests where this run's servers are. */
export const POSTGRES_URL = 'MATCHUM_TEST_POSTGRES_URL';
export const REDIS_URL = 'MATCHUM_TEST_REDIS_URL';
export const TEMPLATE_DATABASE = 'matchum_test_template';
/** A set in database 0 of the tests' Redis: the numbers of the databases that no test has now. */
export const FREE_REDIS_DATABASES = 'free-databases';

export function sharedServer(name: typeof POSTGRES_URL | typeof REDIS_URL): string {
  const url = process.env[name];
  if (!url)
    throw new Error(`${name} is not set: run the tests by \`npm test\`, whose global set-up starts the servers`);
  return url;
}

/** The same server, another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}
