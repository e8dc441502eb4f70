import { BudgetNetError } from '../core/errors.ts';

/**
 * The error for a package that does not fit.
 * @param where names package and file, as "package cifar10-resnet, policy-00.onnx"
 */
export function refused(where: string, expected: string, found: string | number): BudgetNetError {
	return new BudgetNetError('invalid', `${where}: expected ${expected}, found ${found}`);
}
