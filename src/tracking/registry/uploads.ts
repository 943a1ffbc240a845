// Numbers of the uploads of piece hashes: each part that is stored names its upload. Shared by the clients' uploads and
// those from other trackers, so that no two have one number. Pure.

export interface UploadNumbers {
  /** The highest number given out. */
  last: number;
}
