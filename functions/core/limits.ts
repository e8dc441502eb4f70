/** Batches that a worker runs at once; each takes as much longer as there are others. */
const batchesAtOnce = 3;
/**
 * A call of the inference thread without an answer for so long hangs; a batch that takes as long alone is too large.
 */
const inferenceSecondsMax = 1800;
const imagePixelsMax = 40_000_000;

/**
 * Bounds that several files, the documents or the cloud's definition share, and those of what is taken in from outside
 * or held in all by a worker. Units stand last. A bound that one file needs for itself stands beside its use.
 */
export const limits = {
	/** An image as it lies in the bucket. */
	imageBytesMax: 20 * 1024 * 1024,
	/** Width times height, before decoding. */
	imagePixelsMax,
	decodeTimeoutSeconds: 20,
	/**
	 * Parts of an image that a decoder works through whatever its time-out says. A progressive JPEG has some ten scans.
	 */
	jpegScansMax: 1000,
	/** Scans times pixels: some seconds. */
	jpegScanPixelsMax: 16 * imagePixelsMax,
	webpFramesMax: 1000,
	/** An image's colour profile, unpacked; one for print has a megabyte or two. */
	profileBytesMax: 4 * 1024 * 1024,
	/** UTF-8 bytes of an object key: S3's own limit. */
	keyBytesMax: 1024,
	tenantCharactersMax: 40,
	/**
	 * UTF-8 bytes of the key of a drop's marker: the key of its record, which is that and 18 bytes more, is an S3 key
	 * too.
	 */
	markerKeyBytesMax: 1006,
	/** An archive as it lies in the bucket. */
	archiveBytesMax: 16 * 1024 * 1024 * 1024,
	/** Records of an archive: files, folders, links and what else it may hold. */
	archiveEntriesMax: 50_000,
	/**
	 * How long a tar may take to be read through: well below a function's time-out, for its parts are planned after that.
	 */
	tarSecondsMax: 200,
	/** UTF-8 bytes of an entry's path. */
	entryNameBytesMax: 1024,
	/** A zip's central directory. */
	archiveDirectoryBytesMax: 32 * 1024 * 1024,
	/** Unpacked bytes of an entry for each of its packed ones: images are compressed already. */
	archiveRatioMax: 100,
	/** Batches that one archive makes; its part stands in two hexadecimal digits. */
	archivePartsMax: 256,
	/** How long it is tried again to open an archive that the bucket does not give; then it fails with that reason. */
	archiveDaysMax: 14,
	/** An archive's list of images, with their places. */
	entryListBytesMax: 64 * 1024 * 1024,
	/** Records of one S3 event message. */
	eventRecordsMax: 1000,
	/** Images of one batch, and their bytes together. */
	batchImagesMax: 2048,
	batchBytesMax: 1024 * 1024 * 1024,
	/** Images of one batch at most, where nobody says otherwise. */
	batchImagesDefault: 512,
	/** Batches of a tenant that wait, as far as status and estimate count their images. */
	waitingBatchesMax: 1000,
	/** Open reservations of an account; beyond, a batch is deferred. */
	openReservationsMax: 100,
	/** Runs of one image that can be followed: its first, and those on purpose. */
	imageRunsMax: 100,
	/** Days that a marker is looked after whose event may have been lost: fewer than anything is kept. */
	markerDaysMax: 100,
	/** Reservations that one batch may ever mint. */
	batchReservationsMax: 20,
	/** Bytes of a queue message's body. */
	messageBytesMax: 256 * 1024,
	manifestBytesMax: 8 * 1024 * 1024,
	/** A model package, all files together. */
	packageBytesMax: 2 * 1024 * 1024 * 1024,
	/** Prices that an agent may know. */
	agentPricesMax: 64,
	policiesMax: 64,
	classesMax: 22_000,
	/** Width times height of what a model reads: a worker holds a whole batch of them. */
	inputPixelsMax: 512 * 512,
	/** Images that run through a session at once on a CPU. */
	chunkImages: 16,
	/** Threads that run a model's graphs, and the bytes that they may hold: each has weights and layers of its own. */
	inferenceThreadsMax: 16,
	inferenceBytesMax: 1024 * 1024 * 1024,
	/**
	 * Of Node's pool of threads each decodes one image, but for so many: they look up names of hosts, and behind hundreds
	 * of decodes no new connection would be made in time. (scripts/run.mjs says both numbers too.)
	 */
	lookupThreads: 2,
	/** Images decoded at once by a worker, however few cores it has: as many as Node's pool has threads by itself. */
	decodersMin: 4,
	/** Files that tools read or decode at once. */
	fetchConcurrency: 16,
	batchesAtOnce,
	/** Bytes of the pixels of all batches that a worker runs at once: what does not fit runs one after the other. */
	pixelBytesAtOnceMax: 512 * 1024 * 1024,
	/**
	 * Images of a batch under way at once in a worker, from the request to their pixels: most of that is waiting for the
	 * bucket.
	 */
	loadConcurrency: 128,
	/** Bytes of the files that a worker's batches load at once, all together; a larger file is loaded alone. */
	loadBytesMax: 256 * 1024 * 1024,
	/** Connections of one client: what a worker's batches load at once, and some for all else. */
	socketsMax: 288,
	/** Tries of a request to a store that asks to slow down: some seconds, for functions end after minutes. */
	slowDownTries: 4,
	/**
	 * Tries of a worker's request to a store that asks to slow down: a minute or two. A batch of 2,048 images must not
	 * fail by one.
	 */
	workerSlowDownTries: 10,
	/** Tenants whose images one planner plans at once. */
	tenantConcurrency: 8,
	/** Requests to a table or a bucket under way at once. */
	storeConcurrency: 32,
	/** Claims that one request reads: DynamoDB's own limit. */
	claimsReadMax: 100,
	/** Files that the embedded cloud's tools upload at once. */
	uploadConcurrency: 16,
	/** Tries of a conditional write that lost a race before it gives up. */
	ledgerTries: 20,
	/** How long the message of a worker that died stays invisible; a running one renews it. */
	visibilitySeconds: 120,
	/**
	 * How long a batch that failed to run waits before it is seen again, and how many times longer after each further
	 * failure.
	 */
	retrySeconds: 15,
	retryFactor: 4,
	/**
	 * How long a stopping worker may go on with its batches before it hands them back; below ECS's longest stop timeout.
	 */
	stopGraceSeconds: 100,
	/**
	 * A batch that runs longer than this is protected from ECS's stopping its worker; what is shorter ends within the
	 * grace.
	 */
	unprotectedSeconds: 30,
	/**
	 * After so many runs that fail one after the other inference counts as lost: a GPU that failed once may fail for
	 * ever.
	 */
	inferenceFailuresMax: 2,
	/** How long a worker may be cut off from its queue or the results before it counts as lost. */
	unreachedSecondsMax: 900,
	/** How long a worker that is lost may take to end before it aborts; above its grace. */
	endSecondsMax: 120,
	/** After so many receives a message goes to its dead-letter queue. */
	batchReceivesMax: 5,
	eventReceivesMax: 5,
	reportReceivesMax: 10,
	/** Messages of one invocation: of the planner, which waits for a whole drop, and of the settler. */
	plannerMessagesMax: 5000,
	settlerMessagesMax: 10,
	/** Longest time that a batch may wait in its queue. */
	batchRetentionSeconds: 4 * 24 * 3600,
	/**
	 * How long dead letters are kept, SQS's longest: a standard queue's count their age from their first sending, so they
	 * need more.
	 */
	deadLetterRetentionSeconds: 14 * 24 * 3600,
	/** Longest time that a batch may be deferred; then its images fail with that reason. */
	deferralDaysMax: 90,
	/**
	 * How long an invocation plans what it has claimed: well below a function's time-out. The rest is claimed, and resumed
	 * later.
	 */
	planSecondsMax: 200,
	/** A planner that has not finished a batch after so long is dead: its time-out, and some. */
	planningSecondsMax: 900,
	/**
	 * How long one sweep, or one search for lost events, goes on: well below a function's time-out, for its last turn
	 * ends after that.
	 */
	sweepSecondsMax: 200,
	/** Batches that one sweep looks at, and objects that one search for lost events does. */
	sweepBatchesMax: 1000,
	sweepObjectsMax: 250_000,
	/**
	 * Tenants whose open drops one sweep knows of, open drops of each (a page of S3's listing), and objects under all of
	 * them.
	 */
	sweepTenantsMax: 100_000,
	sweepDropsMax: 1000,
	sweepDropObjectsMax: 250_000,
	/** Deferred batches that one resumption plans, one after the other. */
	resumeBatchesMax: 100,
	/**
	 * Within so many minutes of a period's turn a quota's kind of period, first day and zone are not changed: a desk's
	 * clock may be wrong.
	 */
	periodTurnMinutesMin: 10,
	/** Worst case of one run, kept free before a deadline. */
	batchRunSecondsMax: batchesAtOnce * inferenceSecondsMax,
	inferenceSecondsMax,
} as const;
