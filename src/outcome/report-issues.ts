import type { ReportIssue } from '../schema/issue.ts';

const most = 100;

const others = {
  code: 'more_issues',
  message: `there were more than ${most - 1} issues; the rest is only counted`,
};

/** Takes note of an issue. One that is known already is counted, and beyond a hundred there is only their number. */
export function addIssue(issues: ReportIssue[], issue: ReportIssue): void {
  const known = issues.find(
    ({ code, path, message }) =>
      code === issue.code && path === issue.path && message === issue.message,
  );
  const times = issue.count ?? 1;
  if (known !== undefined) known.count = (known.count ?? 1) + times;
  else if (issues.length < most - 1 || issue.code === others.code) issues.push({ ...issue });
  else addIssue(issues, { ...others, count: times });
}
