#!/usr/bin/env bash
# Imports a tenant's key into Cloud KMS, as a new version of its key, and lets the tenant's repositories sign with it:
#   google/tenant.sh forest-production icr_private_key.pem octo-org/octo-repo octo-org/other-repo
# Run it again with the app's next key to replace the key. gcloud wraps the key, for which it needs Python's `cryptography`:
# https://cloud.google.com/kms/docs/crypto
set -euo pipefail
project=icr-signing
tenant=$1
pem=$2
repositories=("${@:3}")
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

bits=$(openssl pkey -in "$pem" -noout -text | sed -n 's/^Private-Key: (\([0-9]*\) bit.*/\1/p')
algorithm=rsa-sign-pkcs1-$bits-sha256
openssl pkcs8 -topk8 -nocrypt -in "$pem" -outform DER -out "$work/app.der"

kms=(gcloud kms --project "$project")
ring=(--location europe-north1 --keyring icr)
key="icr-$tenant"
"${kms[@]}" keyrings describe icr --location europe-north1 > /dev/null 2>&1 ||
  "${kms[@]}" keyrings create icr --location europe-north1
"${kms[@]}" keys describe "$key" "${ring[@]}" > /dev/null 2>&1 ||
  "${kms[@]}" keys create "$key" "${ring[@]}" --purpose asymmetric-signing --protection-level hsm \
    --default-algorithm "$algorithm" --skip-initial-version-creation --import-only
# An import job lives for three days.
job="$key-$(date +%Y%m%d%H%M%S)"
"${kms[@]}" import-jobs create "$job" "${ring[@]}" --import-method rsa-oaep-4096-sha256-aes-256 --protection-level hsm
until [ "$("${kms[@]}" import-jobs describe "$job" "${ring[@]}" --format 'value(state)')" = ACTIVE ]; do sleep 2; done
"${kms[@]}" keys versions import --key "$key" "${ring[@]}" --import-job "$job" \
  --algorithm "$algorithm" --target-key-file "$work/app.der"

number=$(gcloud projects describe "$project" --format 'value(projectNumber)')
pool="iam.googleapis.com/projects/$number/locations/global/workloadIdentityPools/icr"
for repository in "${repositories[@]}"; do
  id=$(gh api "repos/$repository" --jq .id)
  "${kms[@]}" keys add-iam-policy-binding "$key" "${ring[@]}" --role roles/cloudkms.signer \
    --member "principalSet://$pool/attribute.tenant/$id:$tenant"
done
echo "Set the variable ICR_KMS_KEY_VERSION of each environment $tenant to the version that was imported."
echo "Then delete $pem and every copy of it."
