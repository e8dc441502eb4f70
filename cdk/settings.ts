import type { GivenSettings } from './settings-schema.ts';

/**
 * The settings of your installation: settings-schema.ts has every name with its meaning and its default. Without any,
 * as here, a first deployment works: CPU workers on Fargate, scaled to zero. Code that reads the settings checks them
 * (`defineSettings`).
 */
export const settings: GivenSettings = {};
