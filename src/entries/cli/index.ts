#!/usr/bin/env node
// The command `deepseek-v4-flash`. It stands on the doors of the package alone, as a user's program does.
import { main } from './main.ts';
import { processTerminal } from './terminal.ts';

process.exitCode = await main(process.argv.slice(2), processTerminal());
