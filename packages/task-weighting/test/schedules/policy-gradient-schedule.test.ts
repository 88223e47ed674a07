import { conformance } from '@polytask/core/testing';
import { describe, test } from 'vitest';
import { policyGradientSchedule } from '../../src/schedules/policy-gradient-schedule.js';
import { choosesByProgress } from './support.js';

for (const { name, run } of conformance('schedule', policyGradientSchedule)) test(name, run);

describe('policyGradientSchedule', () => choosesByProgress(policyGradientSchedule));
