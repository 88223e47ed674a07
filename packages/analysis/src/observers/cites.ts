import type { Citation } from '@polytask/core';

/** Papers that several measures are from. */
export const fifty2021: Citation = {
  authors: 'C. Fifty, E. Amid, Z. Zhao, T. Yu, R. Anil and C. Finn',
  title: 'Efficiently identifying task groupings for multi-task learning',
  venue: 'NeurIPS',
  year: 2021,
  url: 'https://arxiv.org/abs/2109.04617',
};

export const yu2020: Citation = {
  authors: 'T. Yu, S. Kumar, A. Gupta, S. Levine, K. Hausman and C. Finn',
  title: 'Gradient surgery for multi-task learning',
  venue: 'NeurIPS',
  year: 2020,
  url: 'https://arxiv.org/abs/2001.06782',
};

export const jeong2025: Citation = {
  authors: 'W. Jeong and K.-J. Yoon',
  title: 'Selective task group updates for multi-task optimization',
  venue: 'ICLR',
  year: 2025,
  url: 'https://arxiv.org/abs/2502.11986',
};
