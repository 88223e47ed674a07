import type { Citation } from '@polytask/core';

/** Hard parameter sharing. */
export const caruana1997: Citation = {
  authors: 'R. Caruana',
  title: 'Multitask learning',
  venue: 'Machine Learning 28',
  year: 1997,
  url: 'https://doi.org/10.1023/A:1007379606734',
};

/** Trees of tasks, built from the affinity of their features. */
export const vandenhende2020: Citation = {
  authors: 'S. Vandenhende, S. Georgoulis, B. De Brabandere and L. Van Gool',
  title: 'Branched multi-task networks: deciding what layers to share',
  venue: 'BMVC',
  year: 2020,
  url: 'https://arxiv.org/abs/1904.02920',
};

/** Trees of tasks, grown while training. */
export const lu2017: Citation = {
  authors: 'Y. Lu, A. Kumar, S. Zhai, Y. Cheng, T. Javidi and R. Feris',
  title: 'Fully-adaptive feature sharing in multi-task networks with applications in person attribute classification',
  venue: 'CVPR',
  year: 2017,
  url: 'https://arxiv.org/abs/1611.05377',
};
