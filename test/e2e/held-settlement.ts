import type { TestApp } from '../servers/test-app.js';

/** Keeps the advertiser's settlements waiting, as a slow worker would, while `meanwhile` runs. */
export async function whileSettlementWaits<T>(
  app: TestApp,
  advertiserId: string,
  meanwhile: () => Promise<T>,
): Promise<T> {
  await using runner = app.dataSource.createQueryRunner();
  await runner.startTransaction();
  try {
    await runner.query('SELECT 1 FROM prepaid_accounts WHERE advertiser_id = $1 FOR UPDATE', [advertiserId]);
    return await meanwhile();
  } finally {
    await runner.rollbackTransaction();
  }
}
