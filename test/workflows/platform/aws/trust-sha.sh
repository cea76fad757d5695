#!/usr/bin/env bash
# Lets every tenant's role trust one more SHA of the central workflow, or one less:
#   aws/trust-sha.sh add SHA
#   aws/trust-sha.sh remove SHA
# The roles are those whose names begin with "icr-" and that name a central workflow. A role that loses its
# last SHA trusts "none", and so nobody, until you add one. It needs jq.
set -euo pipefail
[[ ${1-} =~ ^(add|remove)$ && ${2-} =~ ^[0-9a-f]{40}$ ]] || { echo "Usage: $0 add|remove SHA" >&2; exit 2; }
ref=PLATFORM/workflows/.github/workflows/icr-job.yml@$2
claim=token.actions.githubusercontent.com:job_workflow_ref
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

aws iam list-roles --query "Roles[?starts_with(RoleName, 'icr-')].RoleName" --output text | tr '\t' '\n' > "$work/roles"
while read -r role; do
  aws iam get-role --role-name "$role" --query Role.AssumeRolePolicyDocument --output json > "$work/old.json"
  if ! jq --exit-status --arg claim "$claim" 'all(.Statement[]; .Condition.StringEquals[$claim])' "$work/old.json" > /dev/null; then
    echo "$role: names no workflow, left as it is"
    continue
  fi
  jq --arg change "$1" --arg ref "$ref" --arg claim "$claim" '
    .Statement[].Condition.StringEquals[$claim] |= (
      ([.] | flatten) - [$ref, "none"] + (if $change == "add" then [$ref] else [] end)
      | if length == 0 then ["none"] else . end)' "$work/old.json" > "$work/new.json"
  aws iam update-assume-role-policy --role-name "$role" --policy-document "file://$work/new.json"
  echo "$role: $(jq --compact-output --arg claim "$claim" '.Statement[].Condition.StringEquals[$claim]' "$work/new.json")"
done < "$work/roles"
