/** Batches that a worker runs at once: each then takes up to this many times as long. */
const batchesAtOnce = 3;
/** A call to an inference thread that takes longer than this hangs; a batch that takes as long alone is too large. */
const inferenceSecondsMax = 1800;
const imagePixelsMax = 40_000_000;

/**
 * Bounds that several files, the documents or the cloud's definition share, and bounds on what is taken in from outside
 * or held in total by a worker. Names say their units. A bound that only one file needs is beside its use.
 */
export const limits = {
	/** Size of an image as stored in the bucket. */
	imageBytesMax: 20 * 1024 * 1024,
	/** Width times height, before decoding. */
	imagePixelsMax,
	decodeTimeoutSeconds: 20,
	/**
	 * Parts of an image that a decoder works through regardless of its timeout. A progressive JPEG has about ten scans.
	 */
	jpegScansMax: 1000,
	/** Scans times pixels: a few seconds. */
	jpegScanPixelsMax: 16 * imagePixelsMax,
	webpFramesMax: 1000,
	/** An image's colour profile, unpacked; one for print has a megabyte or two. */
	profileBytesMax: 4 * 1024 * 1024,
	/** UTF-8 bytes of an object key: S3's own limit. */
	keyBytesMax: 1024,
	tenantCharactersMax: 40,
	/**
	 * UTF-8 bytes of the key of a drop's marker: the key of the drop's record, 18 bytes longer, must be an S3 key too.
	 */
	markerKeyBytesMax: 1006,
	/** Size of an archive as stored in the bucket. */
	archiveBytesMax: 16 * 1024 * 1024 * 1024,
	/** Records of an archive: files, folders, links and whatever else it may hold. */
	archiveEntriesMax: 50_000,
	/**
	 * How long reading through a tar may take: well below a function's timeout, because its parts are planned after that.
	 */
	tarSecondsMax: 200,
	/** UTF-8 bytes of an entry's path. */
	entryNameBytesMax: 1024,
	/** A zip's central directory. */
	archiveDirectoryBytesMax: 32 * 1024 * 1024,
	/** Unpacked bytes per packed byte of an entry: images are compressed already. */
	archiveRatioMax: 100,
	/** Batches that one archive makes: two hexadecimal digits of a batch's id hold the number of the part. */
	archivePartsMax: 256,
	/** How long opening an archive that the bucket does not give is retried; after that it fails with that reason. */
	archiveDaysMax: 14,
	/** Size of an archive's list of images, with their places. */
	entryListBytesMax: 64 * 1024 * 1024,
	/** Records of one S3 event message. */
	eventRecordsMax: 1000,
	/** Images of one batch, and their bytes together. */
	batchImagesMax: 2048,
	batchBytesMax: 1024 * 1024 * 1024,
	/** The most images of one batch where nothing else is set. */
	batchImagesDefault: 512,
	/** Waiting batches of a tenant whose images status and estimate count. */
	waitingBatchesMax: 1000,
	/** Open reservations of an account; beyond that, a batch is deferred. */
	openReservationsMax: 100,
	/** Runs of one image that can be followed: its first, and those on purpose. */
	imageRunsMax: 100,
	/** Age in days up to which a marker's event is looked for in case it was lost: fewer days than anything is kept. */
	markerDaysMax: 100,
	/** Reservations that may ever be minted for one batch. */
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
	/** Width times height of a model's input: a worker holds a whole batch of these. */
	inputPixelsMax: 512 * 512,
	/** Images that run through a session at once on a CPU. */
	chunkImages: 16,
	/** Threads that run a model's graphs, and bytes that they may hold together: each has its own weights and layers. */
	inferenceThreadsMax: 16,
	inferenceBytesMax: 1024 * 1024 * 1024,
	/**
	 * Threads of Node's pool that are left to look up host names, while each of the others decodes one image: queued
	 * behind hundreds of decodes, no new connection would be made in time. (Also in scripts/run.mjs, both.)
	 */
	lookupThreads: 2,
	/** Images that a worker decodes at once, however few its cores: as many as Node's pool has threads by default. */
	decodersMin: 4,
	/** Files that tools read or decode at once. */
	fetchConcurrency: 16,
	batchesAtOnce,
	/** Bytes of the pixels of all batches that a worker runs at once: batches that do not fit run one after the other. */
	pixelBytesAtOnceMax: 512 * 1024 * 1024,
	/**
	 * Images of a batch that a worker loads at once, from the request to the pixels: most of that time is waiting for the
	 * bucket.
	 */
	loadConcurrency: 128,
	/** Bytes of the files that a worker's batches load at once, all together; a larger file is loaded alone. */
	loadBytesMax: 256 * 1024 * 1024,
	/** Connections of one client: for what a worker's batches load at once, and some for everything else. */
	socketsMax: 288,
	/** Tries of a request to a store that asks to slow down: a few seconds, because functions end after minutes. */
	slowDownTries: 4,
	/**
	 * Tries of a worker's request to a store that asks to slow down: a minute or two. A batch of 2,048 images must not
	 * fail because of one.
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
	/** Tries of a conditional write that loses races, before it gives up. */
	ledgerTries: 20,
	/** How long the message of a worker that died stays invisible; a running worker renews that. */
	visibilitySeconds: 120,
	/**
	 * How long a batch that failed to run waits before its message is visible again, and how many times longer after each
	 * further failure.
	 */
	retrySeconds: 15,
	retryFactor: 4,
	/**
	 * How long a stopping worker may go on with its batches before it hands them back; below ECS's longest stop timeout.
	 */
	stopGraceSeconds: 100,
	/**
	 * While a batch runs longer than this, its worker is protected from being stopped by ECS; a shorter one ends within
	 * the grace.
	 */
	unprotectedSeconds: 30,
	/** After this many failed runs in a row, inference counts as lost: a GPU that failed once may fail for ever. */
	inferenceFailuresMax: 2,
	/** How long a worker may be cut off from its queue or the results before it counts as lost. */
	unreachedSecondsMax: 900,
	/** How long a worker that is lost may take to end before it aborts; longer than its grace. */
	endSecondsMax: 120,
	/** After this many receives a message goes to its dead-letter queue. */
	batchReceivesMax: 5,
	eventReceivesMax: 5,
	reportReceivesMax: 10,
	/** Messages of one invocation: of the planner, which waits for a whole drop, and of the settler. */
	plannerMessagesMax: 5000,
	settlerMessagesMax: 10,
	/** Longest time that a batch may wait in its queue. */
	batchRetentionSeconds: 4 * 24 * 3600,
	/**
	 * How long dead letters are kept, the longest that SQS allows: in a standard queue their age counts from when they
	 * were first sent, so they need more than the queue that they come from.
	 */
	deadLetterRetentionSeconds: 14 * 24 * 3600,
	/** Longest time that a batch may be deferred; after that its images fail with that reason. */
	deferralDaysMax: 90,
	/**
	 * How long an invocation plans what it has claimed: well below a function's timeout. The rest stays claimed, and is
	 * resumed later.
	 */
	planSecondsMax: 200,
	/** A planner that has not finished a batch after this time is dead: its timeout, and a margin. */
	planningSecondsMax: 900,
	/**
	 * How long one sweep, or one search for lost events, goes on: well below a function's timeout, because its last turn
	 * ends after that.
	 */
	sweepSecondsMax: 200,
	/** Batches that one sweep looks at, and objects that one search for lost events looks at. */
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
	 * Within this many minutes of the turn of a period, a quota's kind of period, first day and time zone cannot be
	 * changed: the clock of the machine that runs the command may be wrong.
	 */
	periodTurnMinutesMin: 10,
	/** Worst case of one run, kept free before a deadline. */
	batchRunSecondsMax: batchesAtOnce * inferenceSecondsMax,
	inferenceSecondsMax,
} as const;
