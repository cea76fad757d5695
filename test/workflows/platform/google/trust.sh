#!/usr/bin/env bash
# Lets a pool of its own in Google Cloud trust the central workflow icr-job-google.yml, and nothing else. Change the values,
# and run it again whenever they change.
set -euo pipefail
project=icr-signing
issuer=https://token.actions.githubusercontent.com # on GHE.com: https://token.actions.SUBDOMAIN.ghe.com
owner_id=123456 # of your organization: gh api orgs/octo-org --jq .id
workflow=PLATFORM/workflows/.github/workflows/icr-job-google.yml
# The SHA that callers use, and while it is replaced, the next one, too.
shas=(5f1b7a2c9d3e4f60718293a4b5c6d7e8f9012345 9c0d1e2f3a4b5c6d7e8f90123456789abcdef012)

# google.subject is what Google's log calls the caller: the run that signed. It must not exceed 127 bytes, which `sub` may,
# so it is made of numbers. attribute.tenant tells the tenants apart: a repository can name its environment as it likes,
# but it can't take another's ID.
mapping="google.subject='repository:' + assertion.repository_id + ':run:' + assertion.run_id + ':' + assertion.run_attempt"
mapping+=",attribute.tenant=assertion.repository_id + ':' + assertion.environment"
for sha in "${shas[@]}"; do
  refs+="${refs:+ || }assertion.job_workflow_ref == '$workflow@$sha'"
done
condition="assertion.repository_owner_id == '$owner_id' && ($refs)"

gcloud services enable --project "$project" cloudkms.googleapis.com iam.googleapis.com sts.googleapis.com
pools=(gcloud iam workload-identity-pools)
where=(--project "$project" --location global)
provider=(--workload-identity-pool icr "${where[@]}")
"${pools[@]}" describe icr "${where[@]}" > /dev/null 2>&1 || "${pools[@]}" create icr "${where[@]}"
command=update-oidc
"${pools[@]}" providers describe github "${provider[@]}" > /dev/null 2>&1 || command=create-oidc
"${pools[@]}" providers "$command" github "${provider[@]}" --issuer-uri "$issuer" \
  --attribute-mapping "$mapping" --attribute-condition "$condition"
