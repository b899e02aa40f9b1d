"""The service around the searches: health, reflection, deadlines, shutdown, logs."""

from __future__ import annotations

import queue
import threading
import time
from pathlib import Path

import grpc
import pytest
from conftest import CASES, ENCODER, Served, Server, init, run, until
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from precedent_client import Case, Client, PatientKey, PrecedentError, Query

SERVICES = [f"precedent.v1.{name}Service" for name in ["Encode", "Index", "Ingest", "Report", "Search"]]


def test_health_overall_and_per_service(served: Served) -> None:
    with grpc.insecure_channel(served.server.address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ["", *SERVICES]:
            answer = health.Check(health_pb2.HealthCheckRequest(service=name), timeout=10)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING, name
        with pytest.raises(grpc.RpcError) as caught:
            health.Check(health_pb2.HealthCheckRequest(service="precedent.v1.Nothing"), timeout=10)
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND


def test_reflection_v1alpha_describes_the_protocol(served: Served) -> None:
    with grpc.insecure_channel(served.server.address) as channel:
        database = ProtoReflectionDescriptorDatabase(channel)
        assert set(SERVICES) < set(database.get_services())
        search = DescriptorPool(database).FindServiceByName("precedent.v1.SearchService")
        names = ["Search", "BatchSearch", "GetCase", "BatchGetCases", "GetThumbnail", "ListCases"]
        assert [method.name for method in search.methods] == names


def test_reflection_v1_lists_the_services(served: Served) -> None:
    from grpc_reflection.v1alpha import reflection_pb2

    # The messages of v1 and v1alpha are the same; only the name of the service differs.
    with grpc.insecure_channel(served.server.address) as channel:
        info = channel.stream_stream(
            "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        request = reflection_pb2.ServerReflectionRequest(list_services="")
        answer = next(iter(info(iter([request]), timeout=10)))
        assert set(SERVICES) < {service.name for service in answer.list_services_response.service}


def test_indexes_and_their_figures(served: Served) -> None:
    summary = served.client.list_indexes()[0]
    assert (summary.name, summary.case_count, summary.writable) == ("chest", CASES, True)
    stats = served.client.stats()
    assert (stats.name, stats.case_count, stats.image_row_count) == ("chest", CASES, CASES)
    assert (stats.image_space.dimension, stats.image_space.encoder_id) == (16, ENCODER)
    assert stats.fields["age"] == "integer" and sum(s.case_count for s in stats.segments) >= CASES
    assert (stats.background_failures, stats.damages) == ((), ())
    found = served.client.verify()
    assert found.damages == () and found.checked_file_count > 0


def test_a_deadline_ends_a_call_and_the_server_goes_on(served: Served) -> None:
    batch = [Query(text="effusion heart", limit=100, exact=True)] * 1000
    begun = time.monotonic()
    with pytest.raises(PrecedentError) as caught:
        served.client.batch_search(batch, timeout=0.02)
    assert caught.value.code == grpc.StatusCode.DEADLINE_EXCEEDED and time.monotonic() - begun < 5
    assert served.client.search(text="heart").hits


def test_an_unknown_method_is_unimplemented(served: Served) -> None:
    with grpc.insecure_channel(served.server.address) as channel:
        call = channel.unary_unary("/precedent.v1.SearchService/Guess")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"", timeout=10)
        assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_bytes_that_are_no_message_are_refused(served: Served) -> None:
    with grpc.insecure_channel(served.server.address) as channel:
        call = channel.unary_unary("/precedent.v1.SearchService/Search")
        for body in [b"\xff" * 64, b"\x0a\xff\xff\xff\xff\x0f", b"\x12\x02\x0a"]:
            with pytest.raises(grpc.RpcError) as caught:
                call(body, timeout=10)
            assert caught.value.code() in (grpc.StatusCode.INTERNAL, grpc.StatusCode.INVALID_ARGUMENT)
    assert served.client.search(text="heart").hits


def test_an_address_that_others_reach_is_refused(index: Path) -> None:
    done = run("serve", index, "--listen", "0.0.0.0:0")
    assert done.returncode != 0 and "loopback" in done.stderr, done.stderr


def test_sigterm_drains_and_exits_with_0(index: Path) -> None:
    server = Server(index)
    sent: queue.Queue[Case] = queue.Queue()
    with server.client() as client, grpc.insecure_channel(server.address) as channel:
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest(service=SERVICES[2]))
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        answers = client.ingest(iter(sent.get, None))
        sent.put(Case("acknowledged", report="clear lungs"))
        assert next(answers).accepted
        begun = time.monotonic()
        stopped: list[int] = []
        stopping = threading.Thread(target=lambda: stopped.append(server.stop()))
        stopping.start()
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
        with pytest.raises(PrecedentError) as caught:
            next(answers)
        assert caught.value.code == grpc.StatusCode.UNAVAILABLE
        stopping.join()
        assert stopped == [0] and time.monotonic() - begun < 15, server.log()
        with pytest.raises(PrecedentError) as caught:
            client.search(text="lungs", timeout=2)
        assert caught.value.code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
    again = Server(index)
    with again.client() as client:
        until(lambda: len(client.search(text="lungs").hits) == 1)
    assert again.stop() == 0


def test_a_running_search_is_finished_before_the_end(index: Path) -> None:
    server = Server(index)
    with server.client() as client:
        list(client.ingest(Case(f"c{n}", report="clear lungs and heart") for n in range(300)))
        until(lambda: client.stats().case_count == 300)
        results: list[int] = []
        batch = [Query(text="lungs heart", limit=100, exact=True, several_per_patient=True)] * 300

        def search() -> None:
            results.append(len(client.batch_search(batch)))

        searching = threading.Thread(target=search)
        searching.start()
        time.sleep(0.1)
        assert searching.is_alive()
        assert server.stop() == 0
        searching.join()
        assert results == [300], server.log()


def test_nothing_of_a_case_reaches_the_log(tmp_path: Path) -> None:
    server = Server(init(tmp_path / "index"), options=("--log-level", "trace"))
    canary = "CANARY7391"
    with server.client() as client:
        good = Case(
            f"{canary}-id",
            patient=PatientKey(f"{canary}-patient", f"{canary}-issuer"),
            fields={"accession_number": f"{canary}-accession"},
            report=f"{canary} is in the report",
        )
        bad = Case(f"{canary}-bad", report=f"{canary}", fields={"age": canary}, patient=PatientKey(canary + "\x07"))
        assert [answer.accepted for answer in client.ingest([good, bad])] == [True, False]
        until(lambda: len(client.search(text=canary).hits) == 1)
        client.search(filter=f'accession_number = "{canary}-accession"', patient=f"{canary}-patient")
        client.get_case(f"{canary}-id")
        for attempt in [
            lambda: client.get_case(f"{canary}-nobody"),
            lambda: client.search(filter=f'{canary} = = "{canary}"'),
            lambda: client.search(text="x", patient=canary + "\x07"),
            lambda: client.search(text="x", index=canary),
        ]:
            with pytest.raises(PrecedentError):
                attempt()
        client.delete([f"{canary}-id", f"{canary}-nobody"])
    assert server.stop() == 0
    assert "Search" in server.log() and canary not in server.log()


def test_a_batch_lets_other_searches_in_between(served: Served) -> None:
    batch = [Query(text="effusion heart", limit=100, exact=True)] * 1000
    with Client(served.server.address) as other:
        threads = [threading.Thread(target=served.client.batch_search, args=(batch,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        assert other.search(text="heart").hits
        assert all(thread.is_alive() for thread in threads)
        for thread in threads:
            thread.join()


def test_what_is_wrong_with_an_index_is_told_in_words_and_times() -> None:
    from precedent_client import _convert
    from precedent_client._generated.precedent.v1 import index_service_pb2

    message = index_service_pb2.IndexStats()
    failure = message.background_failures.add(problem="the disk is full", attempt_count=3, retried=True)
    failure.task = index_service_pb2.BACKGROUND_TASK_MERGE
    failure.first_failure.FromSeconds(1_700_000_000)
    message.damages.add(file="segments/0000000001/records", description="is damaged")
    stats = _convert.stats(message)
    told = stats.background_failures[0]
    assert (told.task, told.problem, told.attempt_count, told.retried) == ("merge", "the disk is full", 3, True)
    assert told.first_failure.isoformat() == "2023-11-14T22:13:20+00:00"
    assert stats.damages[0].file == "segments/0000000001/records"
