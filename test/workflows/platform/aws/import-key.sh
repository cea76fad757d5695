#!/usr/bin/env bash
# Imports an app's private key into AWS KMS, and lets an alias name it:
#   aws/import-key.sh icr_private_key.pem alias/icr-forest-production key-policy.json
# Run it again with the app's next key to replace the key. It needs OpenSSL 3 and version 2 of the AWS CLI. Run it on a
# machine that nobody else uses: for a moment, the list of processes shows the key that wraps the key.
set -euo pipefail
pem=$1
alias=$2
policy=$3
umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fingerprint() { openssl sha256 -binary | openssl base64; }

bits=$(openssl pkey -in "$pem" -noout -text | sed -n 's/^Private-Key: (\([0-9]*\) bit.*/\1/p')
own=$(openssl pkey -in "$pem" -pubout -outform DER | fingerprint)
openssl pkcs8 -topk8 -nocrypt -in "$pem" -outform DER -out "$work/app.der"

key=$(aws kms create-key --description "$alias" --key-spec "RSA_$bits" --key-usage SIGN_VERIFY --origin EXTERNAL \
  --policy "file://$policy" --query KeyMetadata.KeyId --output text)
echo "Created the key $key. If a later step fails, it stays in KMS, and no alias names it."
aws kms get-parameters-for-import --key-id "$key" --wrapping-key-spec RSA_4096 \
  --wrapping-algorithm RSA_AES_KEY_WRAP_SHA_256 --query '[PublicKey, ImportToken]' --output text > "$work/parameters"
read -r public_key import_token < "$work/parameters"
openssl base64 -d -A <<< "$public_key" > "$work/wrapping.der"
openssl base64 -d -A <<< "$import_token" > "$work/import-token"

# RFC 5649 under a new AES key, and that key by RSA-OAEP. The initial value A65959A6 is the RFC's own.
openssl rand -out "$work/aes" 32
openssl enc -id-aes256-wrap-pad -K "$(od -An -v -tx1 "$work/aes" | tr -d ' \n')" -iv A65959A6 \
  -in "$work/app.der" -out "$work/wrapped-key"
openssl pkeyutl -encrypt -pubin -keyform DER -inkey "$work/wrapping.der" -in "$work/aes" -out "$work/wrapped-aes" \
  -pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256
cat "$work/wrapped-aes" "$work/wrapped-key" > "$work/material"
aws kms import-key-material --key-id "$key" --encrypted-key-material "fileb://$work/material" \
  --import-token "fileb://$work/import-token" --expiration-model KEY_MATERIAL_DOES_NOT_EXPIRE > "$work/answer"

aws kms get-public-key --key-id "$key" --query PublicKey --output text > "$work/public-key"
imported=$(openssl base64 -d -A < "$work/public-key" | fingerprint)
if [ "$imported" != "$own" ]; then
  echo "KMS holds another key ($imported) than $pem ($own). $alias was left as it is." >&2
  exit 1
fi
aws kms update-alias --alias-name "$alias" --target-key-id "$key" 2> "$work/error" ||
  aws kms create-alias --alias-name "$alias" --target-key-id "$key" || {
  cat "$work/error" >&2
  echo "The key $key is imported, but $alias may not name it. To try only that again:" >&2
  echo "aws kms create-alias --alias-name $alias --target-key-id $key # or update-alias, if the alias exists" >&2
  exit 1
}
echo "$alias names the key $key, whose fingerprint is $own."
echo "Compare it with the app's \"Credentials\" tab. Then delete $pem and every copy of it."
