"""What the job server says: each service's own words for a job that was made, that runs, and that is done.

A dialect is a table: which targets there are, with `*` for the job's id, and a template of the body for each. Bodies
are as small as what the client of that service reads without complaint.
"""

from __future__ import annotations

from collections.abc import Mapping

from attrs import field, frozen


@frozen(kw_only=True)
class Dialect:
    """One service. Templates know `%(id)s`, the job's, and `%(host)s`, as the client named the server."""

    submit: bytes
    status: bytes
    made: bytes
    runs: bytes
    done: bytes
    more: Mapping[bytes, bytes] = field(factory=dict[bytes, bytes])  #: what is asked for beside: says nothing of a job


_ADGEN = b'"id":"%(id)s","type":"static_ad","createdAt":"2026-11-01T12:00:00Z"'
ADGEN = Dialect(
    submit=b"POST /api/generate/static-ad",
    status=b"GET /api/generate/status?jobId=*",
    made=b'{"jobId":"%(id)s","status":"queued","creditsUsed":3,"creditsRemaining":99997}',
    runs=b"{%s,%s}" % (_ADGEN, b'"status":"processing","assets":[]'),
    done=b"{%s,%s,%s}"
    % (
        _ADGEN,
        b'"status":"completed","completedAt":"2026-11-01T12:00:09Z"',
        b'"assets":[{"id":"a-%(id)s","type":"image","url":"https://example.test/%(id)s.png"}]',
    ),
    more={b"GET /api/credits/balance": b'{"balance":100000,"lifetime_purchased":100000,"lifetime_used":0}'},
)

#: A job that is done is asked for its result by one request more.
FAL = Dialect(
    submit=b"POST /fal-ai/any-video",
    status=b"GET /fal-ai/any-video/requests/*/status",
    made=b'{"status":"IN_QUEUE","request_id":"%(id)s","queue_position":0,'
    b'"response_url":"http://%(host)s/fal-ai/any-video/requests/%(id)s",'
    b'"status_url":"http://%(host)s/fal-ai/any-video/requests/%(id)s/status",'
    b'"cancel_url":"http://%(host)s/fal-ai/any-video/requests/%(id)s/cancel"}',
    runs=b'{"status":"IN_PROGRESS","request_id":"%(id)s","logs":null}',
    done=b'{"status":"COMPLETED","request_id":"%(id)s","logs":null,"metrics":{"inference_time":9.1}}',
    more={b"GET /fal-ai/any-video/requests/*": b'{"video":{"url":"https://example.test/%(id)s.mp4"}}'},
)

_REPLICATE = (
    b'"id":"%(id)s","model":"any/video","version":"hidden","input":{"prompt":"soup"},"logs":"","error":null,'
    b'"created_at":"2026-11-01T12:00:00Z","urls":{"get":"http://%(host)s/v1/predictions/%(id)s",'
    b'"cancel":"http://%(host)s/v1/predictions/%(id)s/cancel"}'
)
REPLICATE = Dialect(
    submit=b"POST /v1/models/any/video/predictions",
    status=b"GET /v1/predictions/*",
    made=b"{%s,%s}" % (_REPLICATE, b'"status":"starting","output":null'),
    runs=b"{%s,%s}" % (_REPLICATE, b'"status":"processing","output":null,"started_at":"2026-11-01T12:00:01Z"'),
    done=b"{%s,%s,%s}"
    % (
        _REPLICATE,
        b'"status":"succeeded","output":"https://example.test/%(id)s.mp4","started_at":"2026-11-01T12:00:01Z"',
        b'"completed_at":"2026-11-01T12:00:09Z","metrics":{"predict_time":8.1}',
    ),
)

_RUNWAY = b'"id":"%(id)s","createdAt":"2026-11-01T12:00:00Z"'
RUNWAY = Dialect(
    submit=b"POST /v1/image_to_video",
    status=b"GET /v1/tasks/*",
    made=b'{"id":"%(id)s","estimatedCost":{"credits":25}}',
    runs=b"{%s,%s}" % (_RUNWAY, b'"status":"RUNNING","progress":0.5,"estimatedCost":{"credits":25}'),
    done=b"{%s,%s}"
    % (_RUNWAY, b'"status":"SUCCEEDED","output":["https://example.test/%(id)s.mp4"],"cost":{"credits":25}'),
)

_VIDEO = (
    b'"id":"video_%(id)s","object":"video","model":"sora-2","created_at":1793534400,"seconds":"4","size":"720x1280"'
)
#: LiteLLM speaks it too.
OPENAI = Dialect(
    submit=b"POST /v1/videos",
    status=b"GET /v1/videos/video_*",
    made=b"{%s,%s}" % (_VIDEO, b'"status":"queued","progress":0'),
    runs=b"{%s,%s}" % (_VIDEO, b'"status":"in_progress","progress":50'),
    done=b"{%s,%s}" % (_VIDEO, b'"status":"completed","progress":100,"completed_at":1793534409'),
)

DIALECTS = {"adgen": ADGEN, "fal": FAL, "replicate": REPLICATE, "runway": RUNWAY, "openai": OPENAI}
