export { plainSharing as tinySharing } from '@polytask/core/testing';
