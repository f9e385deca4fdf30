/** What a check saw: a check that looked at nothing has failed, whatever its tool's exit status says. */
export type Finding = { looked: number; unit: string; faults: string[] }

/** `root` is the folder of the checkout, ending in a slash. */
export type Check = { name: string; run(root: string): Promise<Finding> }

export const hasFailed = (finding: Finding): boolean => finding.looked === 0 || finding.faults.length > 0
