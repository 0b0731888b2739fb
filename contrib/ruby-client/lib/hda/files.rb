# frozen_string_literal: true

# Dumps in files, where no daemon answers: HDA_DIR. SPDX-License-Identifier: BSD-2-Clause
module Hda
  # A dump appears under its name when it is whole, never before. The folder holds at most `budget` bytes of dumps of this user:
  # the oldest go first. One process at a time writes there.
  class Files
    NAME = /\Aheap-\d+-\d+-\d+\.dump\z/.freeze
    PART = /\A\.heap-(\d+)-\d+-\d+\.part\z/.freeze
    LOCK = ".hda.lock"
    MODE = 0o600 # a dump holds whatever the process holds

    attr_reader :dir

    def initialize(dir, budget)
      @dir = dir
      @budget = budget
    end

    # The lock as an open File, for the child to inherit and so to hold until its end; nil: another process has it.
    # Raises SystemCallError where the folder cannot be used.
    def lock
      f = File.open("#{@dir}/#{LOCK}", File::RDWR | File::CREAT | File::NOFOLLOW, MODE)
      return f if f.flock(File::LOCK_EX | File::LOCK_NB)
      f.close
      nil
    end

    # Makes heap-PID-UNIXTIME-COUNTER.dump of what the block writes into the IO it gets; returns the path. In the child.
    def write(pid, time, jobs)
      prune(0)
      name = "heap-#{pid}-#{time}-#{jobs}"
      part = "#{@dir}/.#{name}.part"
      soft, hard = Process.getrlimit(Process::RLIMIT_FSIZE)
      Process.setrlimit(Process::RLIMIT_FSIZE, [@budget, soft].min, hard)
      File.open(part, File::WRONLY | File::CREAT | File::EXCL | File::NOFOLLOW | File::BINARY, MODE) do |io|
        yield io
        io.flush
        io.fdatasync
        prune(io.size)
      end
      File.rename(part, "#{@dir}/#{name}.dump")
      "#{@dir}/#{name}.dump"
    rescue SystemCallError
      File.unlink(part) if part && File.exist?(part)
      raise
    end

    # Removes the oldest dumps until `more` bytes fit; and what a killed child left. Under the lock: no other part is being written.
    def prune(more)
      dumps = mine(NAME).sort_by { |_, st| st.mtime }
      total = dumps.sum { |_, st| st.size } + more
      dumps.each do |path, st|
        break if total <= @budget
        File.unlink(path)
        total -= st.size
      end
      mine(PART).each { |path, _| File.unlink(path) } if more.zero?
    end

    private

    # [path, File::Stat] of the plain files of that form that are this user's.
    def mine(form)
      Dir.children(@dir).grep(form).map { |n| ["#{@dir}/#{n}", stat("#{@dir}/#{n}")] }
         .select { |_, st| st && st.file? && st.uid == Process.euid }
    end

    def stat(path)
      File.lstat(path)
    rescue SystemCallError
      nil
    end
  end
end
