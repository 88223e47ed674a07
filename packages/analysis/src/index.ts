// How tasks are related, and what follows from it.

export {
  type NegativeTransfer,
  type NegativeTransferOptions,
  negativeTransfer,
  type PairedValues,
  type TransferGain,
  type TransferVerdict,
} from './negative-transfer.js';
