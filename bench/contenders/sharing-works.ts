import { gradientAdversarial, sharedPrivate } from '@polytask/adversarial';
import * as attention from '@polytask/attention';
import { type AuxiliaryObjective, convNet, type Encoder, mlp, type SharingStrategy } from '@polytask/core';
import * as hard from '@polytask/hard-sharing';
import * as soft from '@polytask/soft-sharing';
import * as tf from '@tensorflow/tfjs';

/** A way of sharing, for tasks of these names. */
export interface Sharing {
  readonly sharing: SharingStrategy;
  readonly auxiliary?: readonly AuxiliaryObjective[];
}

/** An architecture around a LeNet, on two tasks. */
export interface Architecture {
  readonly name: string;
  readonly make: () => Sharing;
  /** What `peers/torch_sharing.py` calls the same. */
  readonly peer?: string;
}

const lenet = convNet();

/** The architectures that PyTorch has too come first, hard sharing before all. */
export const architectures: readonly Architecture[] = [
  { name: 'hard sharing', peer: 'hard', make: () => ({ sharing: hard.hardSharing({ encoder: lenet }) }) },
  {
    name: 'columns, L2 distance',
    peer: 'columns',
    make: () => ({
      sharing: soft.softSharing({ encoder: lenet }),
      auxiliary: [soft.l2Distance({ layers: ['columns'], weight: 0.01 })],
    }),
  },
  { name: 'cross-stitch', peer: 'cross-stitch', make: () => ({ sharing: soft.crossStitch({ encoder: lenet }) }) },
  { name: 'MMoE, 4 experts', peer: 'mmoe', make: () => ({ sharing: attention.mmoe({ encoder: lenet, experts: 4 }) }) },
  { name: 'PLE, 2 levels', peer: 'ple', make: () => ({ sharing: attention.ple({ levels: [lenet, mlp([50])] }) }) },
  { name: 'MTAN', peer: 'mtan', make: () => ({ sharing: attention.mtan({ encoder: lenet }) }) },
  {
    name: 'columns, trace norm',
    make: () => ({
      sharing: soft.softSharing({ encoder: lenet }),
      auxiliary: [soft.traceNorm({ layers: ['columns'], weight: 0.01 })],
    }),
  },
  { name: 'NDDR', make: () => ({ sharing: soft.nddr({ encoder: lenet }) }) },
  { name: 'sluice', make: () => ({ sharing: soft.sluice({ encoder: lenet }) }) },
  {
    name: 'branches after 2 stages',
    make: () => ({
      sharing: hard.branchedSharing({ encoder: lenet, tree: { stages: 2, branches: ['left', 'right'] } }),
    }),
  },
  { name: 'Recon, dense0', make: () => ({ sharing: hard.recon({ encoder: lenet, specific: ['dense0'] }) }) },
  { name: 'residual adapters', make: () => ({ sharing: hard.residualAdapters({ encoder: lenet }) }) },
  { name: 'DBMTL', make: () => ({ sharing: hard.dbmtl({ encoder: lenet, relations: { right: ['left'] } }) }) },
  { name: 'task attention', make: () => ({ sharing: attention.taskAttention({ encoder: lenet }) }) },
  { name: 'squeeze-excitation', make: () => ({ sharing: attention.squeezeExcitation({ encoder: lenet }) }) },
  { name: 'cross-task attention', make: () => ({ sharing: attention.crossTaskAttention({ encoder: lenet }) }) },
  { name: 'task graph', make: () => ({ sharing: attention.taskGraph({ encoder: lenet }) }) },
  { name: 'AITM', make: () => ({ sharing: attention.aitm({ encoder: lenet, tower: mlp([50]) }) }) },
  { name: 'PAD-Net', make: () => ({ sharing: attention.padNet({ encoder: lenet }) }) },
  { name: 'PEPNet', make: () => ({ sharing: attention.pepnet({ encoder: lenet, units: [50] }) }) },
  { name: 'CGC', make: () => ({ sharing: attention.cgc({ encoder: lenet }) }) },
  { name: 'DSelect-k, 4 experts', make: () => ({ sharing: attention.dselectK({ encoder: lenet, experts: 4 }) }) },
  { name: 'learning to branch', make: () => ({ sharing: attention.learningToBranch({ encoder: lenet }) }) },
  { name: 'MTL-LoRA, dense 128-64', make: () => ({ sharing: attention.mtlLora({ model: pretrained() }) }) },
  { name: 'shared-private', make: () => ({ sharing: sharedPrivate({ encoder: lenet, adversary: 0 }) }) },
  { name: 'GREAT', make: () => ({ sharing: gradientAdversarial({ encoder: lenet, units: [100] }) }) },
];

/** It adapts dense layers. */
function pretrained(): tf.LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [28, 28, 1] }),
      tf.layers.dense({ units: 128, activation: 'relu' }),
      tf.layers.dense({ units: 64, activation: 'relu' }),
    ],
  });
}

/** A way of sharing a dense network between K tasks. */
export interface ScaledArchitecture {
  readonly name: string;
  readonly make: (tasks: readonly string[]) => Sharing;
}

const dense: Encoder = mlp([128, 64]);

/** Those whose cost is looked at by the number of tasks; of what grows with it, one per task. */
export const scaled: readonly ScaledArchitecture[] = [
  { name: 'hard sharing', make: () => ({ sharing: hard.hardSharing({ encoder: dense }) }) },
  { name: 'columns', make: () => ({ sharing: soft.softSharing({ encoder: dense }) }) },
  {
    name: 'columns, L2 distance',
    make: () => ({
      sharing: soft.softSharing({ encoder: dense }),
      auxiliary: [soft.l2Distance({ layers: ['columns'], weight: 0.01 })],
    }),
  },
  { name: 'cross-stitch', make: () => ({ sharing: soft.crossStitch({ encoder: dense }) }) },
  { name: 'MMoE, 8 experts', make: () => ({ sharing: attention.mmoe({ encoder: dense, experts: 8 }) }) },
  {
    name: 'MMoE, an expert per task',
    make: (tasks) => ({ sharing: attention.mmoe({ encoder: dense, experts: tasks.length }) }),
  },
  { name: 'CGC', make: () => ({ sharing: attention.cgc({ encoder: dense }) }) },
  { name: 'MTAN', make: () => ({ sharing: attention.mtan({ encoder: dense }) }) },
  { name: 'squeeze-excitation', make: () => ({ sharing: attention.squeezeExcitation({ encoder: dense }) }) },
];
