-- Jobs that go from account to account: several attempts may be open at once, and a route may be.
-- What a job's row shows of them: see genhub/stores/_standing.py.

ALTER TABLE jobs ADD COLUMN route TEXT;                          -- its name; NULL: it has none
ALTER TABLE jobs ADD COLUMN routing INTEGER NOT NULL DEFAULT 0;  -- 1: the route was not ended
ALTER TABLE jobs ADD COLUMN itinerary TEXT;                      -- the whole route
ALTER TABLE jobs ADD COLUMN fingerprint TEXT;                    -- what it asks for, where an equal request may get it
ALTER TABLE jobs ADD COLUMN trace TEXT;

-- `status` of a job is now that of its present attempt, `open` is 1 while any attempt is open, or the route may
-- try another account.
CREATE INDEX jobs_alike ON jobs (fingerprint, created_at, id) WHERE fingerprint IS NOT NULL;

ALTER TABLE attempts ADD COLUMN open INTEGER NOT NULL DEFAULT 0; -- 1: it is not final, or is being resumed
ALTER TABLE attempts ADD COLUMN finished_at BIGINT;

-- What was written before: the times are in `data`, as ISO 8601 text. Its fraction is taken apart, since SQLite rounds
-- it. Data that SQLite takes for no JSON (NaN in a vendor's answer) says nothing, and keeps no journal from opening.
UPDATE attempts SET open = 1
WHERE status NOT IN ('succeeded', 'failed', 'stopped', 'canceled', 'expired')
   OR CASE WHEN json_valid(data) THEN json_extract(data, '$.resuming_at') END IS NOT NULL;

UPDATE attempts SET finished_at = (
    SELECT CAST(strftime('%s', substr(at, 1, 19) || substr(at, -6)) AS INTEGER) * 1000000
        + CASE WHEN substr(at, 20, 1) = '.' THEN CAST(substr(at, 21, 6) AS INTEGER) ELSE 0 END
    FROM (SELECT CASE WHEN json_valid(data) THEN json_extract(data, '$.finished_at') END AS at)
)
WHERE status IN ('succeeded', 'failed', 'stopped', 'canceled', 'expired');

-- Only where there are several attempts does a job's row show another thing than before.
UPDATE jobs SET
    open = (SELECT max(attempts.open) FROM attempts WHERE attempts.job_id = jobs.id),
    status = (
        SELECT attempts.status FROM attempts WHERE attempts.job_id = jobs.id
        ORDER BY
            attempts.status = 'succeeded' DESC,
            CASE WHEN attempts.status = 'succeeded' THEN attempts.finished_at IS NULL END,
            CASE WHEN attempts.status = 'succeeded' THEN attempts.finished_at END,
            CASE WHEN attempts.status = 'succeeded' THEN attempts.number END,
            attempts.open DESC,
            attempts.status IN ('submitting', 'unconfirmed'),
            attempts.number DESC
        LIMIT 1
    )
WHERE last > 1;
