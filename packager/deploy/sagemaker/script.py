"""``deploy.sh``: makes or updates an endpoint by calls of ``aws``, and says what it does."""

from __future__ import annotations

from packager.deploy.sagemaker.endpoint import SagemakerEndpoint

POLL_SECONDS = 15
_SCRIPT = r"""#!/usr/bin/env bash
# {model} {version} on SageMaker: bash deploy.sh
# `package deploy sagemaker` wrote it, and writes it again for another version. It can be run again
# at any time: what is there already is left as it is. It needs `aws`, the command line of AWS, with
# the rights of iam-deployer.json.
set -euo pipefail
cd "$(dirname "${{BASH_SOURCE[0]}}")"

region={region}
model={model_name}
config={config_name}
endpoint={endpoint}
poll_seconds=${{POLL_SECONDS:-{poll}}}

say() {{ printf '%s\n' "$*"; }}
fail() {{ printf 'error: %s\n' "$1" >&2; printf 'hint: %s\n' "$2" >&2; exit 1; }}
call() {{ aws --region "$region" --output text "$@"; }}

# The name of an object if it is there. Lists are asked, because an error is then always an error.
found() {{ # LIST KEY FIELD NAME
    call sagemaker "list-$1" --name-contains "$4" --query "$2[?$3=='$4'].$3"
}}
described() {{ # FIELD
    call sagemaker describe-endpoint --endpoint-name "$endpoint" --query "$1"
}}
settle() {{ # until the endpoint changes no more
    local status before=""
    while :; do
        status=$(described EndpointStatus)
        if [ "$status" != "$before" ]; then say "  endpoint: $status"; fi
        case $status in
            InService) return ;;
            Failed | OutOfService | UpdateRollbackFailed)
                say "  $(described FailureReason)"
                fail "$endpoint: expected an endpoint in service, got $status" \
                    "see its log group {logs}/$endpoint; delete the endpoint, and run this again" ;;
        esac
        before=$status
        sleep "$poll_seconds"
    done
}}

command -v aws >/dev/null || fail "expected the program aws, got none" "install AWS's command line"

say "alarms, which roll an update back"
call cloudwatch put-metric-alarm --cli-input-json file://alarm-errors.json
call cloudwatch put-metric-alarm --cli-input-json file://alarm-latency.json

if [ -n "$(found models Models ModelName "$model")" ]; then
    say "model $model: there"
else
    say "model $model: create"
    call sagemaker create-model --cli-input-json file://model.json >/dev/null
fi

if [ -n "$(found endpoint-configs EndpointConfigs EndpointConfigName "$config")" ]; then
    say "configuration $config: there"
else
    say "configuration $config: create"
    call sagemaker create-endpoint-config --cli-input-json file://endpoint-config.json >/dev/null
fi

if [ -z "$(found endpoints Endpoints EndpointName "$endpoint")" ]; then
    say "endpoint $endpoint: create"
    call sagemaker create-endpoint --cli-input-json file://endpoint.json >/dev/null
    settle
else
    settle
    if [ "$(described EndpointConfigName)" = "$config" ]; then
        say "endpoint $endpoint: has this configuration"
    else
        say "endpoint $endpoint: update, {moves}"
        call sagemaker update-endpoint --cli-input-json file://endpoint-update.json >/dev/null
        settle
    fi
fi
now=$(described EndpointConfigName)
if [ "$now" != "$config" ]; then
    fail "$endpoint: expected configuration $config, got $now: the update was rolled back" \
        "see the alarms {alarms}, and the log group {logs}/$endpoint"
fi

say "autoscaling: {fewest} to {most} instances"
call application-autoscaling register-scalable-target --cli-input-json file://scaling-target.json \
    >/dev/null
call application-autoscaling put-scaling-policy --cli-input-json file://scaling-policy.json \
    >/dev/null

say "endpoint $endpoint serves $config"
"""


def deploy_script(endpoint: SagemakerEndpoint, logs: str) -> str:
    """The text of the script; ``logs``: name of the group of SageMaker's logs."""
    moves = "one instance first, then the others" if endpoint.instances > 1 else "all at once"
    return _SCRIPT.format(
        model=endpoint.model,
        version=endpoint.version,
        region=endpoint.image.region,
        model_name=endpoint.model_name,
        config_name=endpoint.config_name,
        endpoint=endpoint.name,
        poll=POLL_SECONDS,
        logs=logs,
        moves=moves,
        alarms=" and ".join(endpoint.alarm_names.values()),
        fewest=endpoint.instances,
        most=endpoint.most_instances,
    )
