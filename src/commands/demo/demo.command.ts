import { type CommandDescription, type CommandOptions, connect, runCommand } from '../command-line.js';
import { ProgressDisplay } from '../progress.js';
import { DEMO_MEMBERS, type DemoSummary, runDemo } from './run-demo.js';

const DESCRIPTION: CommandDescription = {
  usage: 'npm run demo',
  summary:
    'Fills a running instance with the demo: Korean and English advertisers with campaigns, a catalogue of interests, and\n' +
    'members. Run again, it changes nothing.',
  options: {
    members: { value: 'N', text: `how many members; default: ${DEMO_MEMBERS}` },
    seed: { value: 'N', text: 'another demo of the same kind; default: 1' },
  },
};

async function demo(options: CommandOptions): Promise<number> {
  const members = options.whole('members', { min: 1, max: 1_000_000, fallback: DEMO_MEMBERS });
  const seed = options.whole('seed', { min: 1, max: 1_000_000, fallback: 1 });
  const client = await connect(options, process.env);
  const progress = new ProgressDisplay();
  try {
    const summary = await runDemo(client, { members, seed, onProgress: progress.report });
    progress.stop();
    process.stdout.write(tell(summary, client.url));
    return 0;
  } finally {
    progress.stop();
  }
}

function tell(summary: DemoSummary, url: string): string {
  if (summary.alreadyThere) return `The demo is already there at ${url}; nothing was changed.\n`;
  const { segments, advertisers, campaigns, adGroups, creatives, members } = summary;
  const body = JSON.stringify({ userId: summary.firstMember, placement: 'chat_list', chatCount: 42 });
  return `The demo is there: ${advertisers} advertisers, ${campaigns} campaigns, ${adGroups} ad groups, ${creatives} creatives, ${segments} segments,
${members} members. Ask for the sponsored messages of one of them, with your admin key in ADMIN_KEY:

  curl -s ${url}/v1/match -H "authorization: Bearer $ADMIN_KEY" -H "content-type: application/json" -d '${body}'
`;
}

process.exitCode = await runCommand(DESCRIPTION, process.argv.slice(2), demo);
