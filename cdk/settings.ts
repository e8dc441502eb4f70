import type { GivenSettings } from './settings-schema.ts';

/**
 * The settings of your installation: every name, its meaning and its default stand in settings-schema.ts. Without any,
 * as here, a first deployment works: CPU workers on Fargate, scaled to zero. Whoever reads them checks them
 * (`defineSettings`).
 */
export const settings: GivenSettings = {};
