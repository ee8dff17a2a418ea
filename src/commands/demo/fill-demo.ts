import { ApiClient } from '../api-client.js';
import { type DemoSummary, runDemo } from './run-demo.js';

/** The demo for a server that has just started on an empty database. */
export async function fillDemo(url: string, adminKey: string): Promise<DemoSummary> {
  process.stdout.write('Filling the empty database with the demo…\n');
  return runDemo(new ApiClient({ url, key: adminKey }));
}
