"""Creates the template's tables, queues, roles, alarms and dashboard on moto's CloudFormation, checks that they are there as
the template has them, and applies the same template once more: nothing may change.

usage: deploy_on_moto.py TEMPLATE
"""

import json
import sys

import boto3
from moto import mock_aws

# What moto's CloudFormation can create. Alarms it cannot: they are put by CloudWatch's own request. Functions, API, secret and
# deployments it cannot either, or only with Docker.
TYPES = {
    "AWS::DynamoDB::Table",
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::IAM::Role",
    "AWS::IAM::Policy",
    "AWS::CloudWatch::Dashboard",
    "AWS::Logs::LogGroup",
}
ELSEWHERE = "arn:aws:lambda:us-east-1:123456789012:function:elsewhere"


def only_known(value, known):
    """The value with references to what is not created replaced by an ARN."""
    if isinstance(value, list):
        return [only_known(each, known) for each in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value and not value["Ref"].startswith("AWS::") and value["Ref"] not in known:
        return ELSEWHERE
    if "Fn::GetAtt" in value and value["Fn::GetAtt"][0] not in known:
        return ELSEWHERE
    return {key: only_known(each, known) for key, each in value.items()}


def plain(value):
    """The value with every intrinsic function replaced by a string."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)).split("::")[0] in ("Ref", "Fn"):
        return ELSEWHERE
    return {key: plain(each) for key, each in value.items()}


def reduced(template):
    resources = {id: r for id, r in template["Resources"].items() if r["Type"] in TYPES}
    for resource in resources.values():
        resource.pop("DependsOn", None)
    return json.dumps({"Resources": only_known(resources, resources.keys())})


def physical_ids(cloudformation):
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName="stack")
    listed = [each for page in pages for each in page["StackResourceSummaries"]]
    return {r["LogicalResourceId"]: r["PhysicalResourceId"] for r in listed}


@mock_aws
def main(path):
    with open(path) as file:
        template = json.load(file)
    body = reduced(template)
    wanted = json.loads(body)["Resources"]
    cloudformation = boto3.client("cloudformation", "us-east-1")
    cloudformation.create_stack(StackName="stack", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    created = physical_ids(cloudformation)
    assert set(created) == set(wanted), set(wanted) ^ set(created)

    dynamodb = boto3.client("dynamodb", "us-east-1")
    for id, resource in wanted.items():
        if resource["Type"] == "AWS::DynamoDB::Table":
            table = dynamodb.describe_table(TableName=created[id])["Table"]
            properties = resource["Properties"]
            assert table["KeySchema"] == properties["KeySchema"], id
            indexes = {index["IndexName"] for index in table.get("GlobalSecondaryIndexes", [])}
            assert indexes == {index["IndexName"] for index in properties.get("GlobalSecondaryIndexes", [])}, id
    sqs = boto3.client("sqs", "us-east-1")
    redrives = [
        sqs.get_queue_attributes(QueueUrl=created[id], AttributeNames=["All"])["Attributes"].get("RedrivePolicy")
        for id, resource in wanted.items()
        if resource["Type"] == "AWS::SQS::Queue"
    ]
    wanted_redrives = [r["Properties"]["RedrivePolicy"] for r in wanted.values() if "RedrivePolicy" in r["Properties"]]
    counts = [json.loads(each)["maxReceiveCount"] for each in redrives if each]
    assert counts == [each["maxReceiveCount"] for each in wanted_redrives] and len(counts) == 1, redrives
    cloudwatch = boto3.client("cloudwatch", "us-east-1")
    alarms = {id: r for id, r in template["Resources"].items() if r["Type"] == "AWS::CloudWatch::Alarm"}
    for id, resource in alarms.items():
        cloudwatch.put_metric_alarm(**plain(resource["Properties"]))
    put = cloudwatch.describe_alarms()["MetricAlarms"]
    assert {alarm["AlarmName"] for alarm in put} == {r["Properties"]["AlarmName"] for r in alarms.values()}
    assert all(alarm["AlarmActions"] and alarm["OKActions"] for alarm in put)

    try:
        cloudformation.update_stack(StackName="stack", TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    except cloudformation.exceptions.ClientError as error:
        assert "No updates are to be performed" in str(error), error
    assert physical_ids(cloudformation) == created, "the second pass changed something"
    print(f"moto: {len(wanted)} resources and {len(alarms)} alarms created, none changed by the second pass")


main(sys.argv[1])
